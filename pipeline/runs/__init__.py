"""Runs: what other programs' trainings have left behind, as curves of losses and sounds by iteration.

Owns reading logs (event files, tables, trainers' JSON, text), finding sounds by the numbers in their names, and the
settings that name them. It does not know films, and writes nothing into a run's folder.

What a stage asks of it, with the settings of a section and a function that turns a name in the production into a path
(and refuses what lies outside):

    files = find_files(settings, resolve)     the logs and sounds that count, for hashing, without reading them
    run = read_run(settings, resolve)         curves, epochs, time, takes in the order of iterations, facts, notes
    write_sound(take, path)                   the encoded sound of one take as a file of its own, wherever it lies

Public: `settings.RunSettings`, `record.Run`, `reading.read_run`, `reading.find_files`, `sounds.write_sound`,
`survey.survey_run`, `draft.production_text`.
"""
