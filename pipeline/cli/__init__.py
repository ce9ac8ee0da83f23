"""The command line: what people type, and what they see while work runs and when it fails.

Owns options, commands, the terminal and exit codes. It does not know how anything is made. Public: `start.main`.
"""
