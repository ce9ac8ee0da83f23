"""What is taken out of a production beside its film: stills, sheets, clips, loops, lists of takes.

Owns looking at what is there without making more of it, and the folder of outputs. Public: `preview`, `exports`,
`clips`, `take_list`, `looking`.
"""
