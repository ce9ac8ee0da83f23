"""Results on disk: kept by their key, replaced at once, locked while they are made, found again and cleaned away.

Owns the store's law: a result is whole or not there. Public: `store.Store`, `files`, `lock`.
"""
