"""Jinja in a sandbox: templates of strangers render as Jinja's documentation says, and can neither leave nor stall.

This package owns what a template may contain, the values that it sees, and its allowance: steps of work, lengths of
texts, sizes of lists. It does not know facts, languages, or where a template stands.

Templates have stock Jinja's expressions, tests, filters, loops, macros, `set`, `call`, `filter`, `with`, `namespace`,
`range`, `dict`, `cycler` and `joiner`, and the methods of texts, lists and tables that change nothing. What is left out
reaches other files (`include`, `import`, `extends`, `block`), is for HTML (`safe`, `escape` ...), differs from one
rendering to the next (`random`, `lipsum`), or looks into objects (`attr`, names that begin with an underscore).
"""
