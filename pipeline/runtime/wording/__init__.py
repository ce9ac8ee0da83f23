"""Words for people: names of files and settings, numbers and units, plurals, how to install what is missing.

Public: `named_files`, `units`, `plurals`, `setting_words`, `toml_text`, `installing`.
"""
