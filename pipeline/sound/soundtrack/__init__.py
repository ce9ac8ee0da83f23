"""The film's sound: takes, recordings, inserts and music placed, levelled and ducked.

Public: `soundtrack`, `placement`.
"""
