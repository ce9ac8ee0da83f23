"""The converter between bytes and text as commands.

Public: `command`.
"""
