"""Readers of logs: one file and one registration each.

Owns what formats there are; `registry` chooses by a file's name and first bytes. No reader knows another.
"""
