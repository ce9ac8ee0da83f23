"""What several stages share: results, the workplace, a film's facts, what scenes and cards show, who draws them.

No stage imports another; what two of them need stands here. Public: `results.Results`, `workplace.Workplace`,
`render_inputs`, `scene_inputs`, `card_inputs`, `film_facts`, `drawers`.
"""
