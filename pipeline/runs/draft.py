"""A production file written for a run: commented TOML, ready to be built or changed.

Owns its words. It is given a survey, and writes no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from pipeline.runs.names import may_be_loss
from pipeline.runs.settings import ITERATION
from pipeline.runs.survey import FoundLog, Survey

_MOST_OTHERS: Final = 6
_MOST_FACTS: Final = 5
_LONGEST_FACT: Final = 40
_TELLING: Final = (
    "model", "architecture", "network", "parameters", "params", "hidden", "rnn", "channels", "layers", "embed",
    "embedding", "dim", "heads", "batch", "lr", "learning", "optimizer", "epochs", "steps", "dropout", "seed",
)  # fmt: skip
"""Words in the names of settings that say most, the best first."""
_LONGEST: Final = 100
_TEXT_RATE_HZ: Final = 11_025


def production_text(survey: Survey, title: str, prefix: str) -> str:
    """A whole production file for one run.

    Parameters
    ----------
    title
        The film's, and its section's.
    prefix
        What stands before names of files in the run's folder, as seen from the production file; empty or with a slash
        at its end.
    """
    return (
        f"# A film of the training run in {_comment(prefix)}, written by build-video import.\n"
        "# Change what you like; the run's folder is only read. Make the film with: build-video\n\n"
        f"title = {quoted(title)}\n"
        'subtitle = ""\n'
        'author = ""\n\n'
        "[video]\nwidth = 1920\nheight = 1080\nframe_rate = 60\n"
        'theme = "midnight"                 # midnight, paper, phosphor, or a file of your own in templates/themes/\n'
        '# layout = "landscape"             # portrait, square, or a file of your own; by default as the frame is\n\n'
        f"{section_text(survey, title, prefix)}"
    )


def section_text(survey: Survey, title: str, prefix: str) -> str:
    """One section for a run; parameters as for `production_text`."""
    lines = [
        "[[section]]",
        f"title = {quoted(title)}",
        "",
        "[section.run]                      # a run that another program has trained",
        *_log_lines(survey, prefix),
        *_take_lines(survey, prefix),
        *_fact_lines(survey),
        '# recordings = ["mine.wav"]        # heard before the takes',
    ]
    return "\n".join(lines) + "\n"


def found_lines(survey: Survey) -> list[str]:
    """What was found and what not, one line each, for people."""
    best = survey.best
    lines = [_log_words(log, is_best=log is best) for log in survey.logs]
    if survey.second:
        lines.append(f"validation loss: {survey.second.validation}, in {survey.second.name}")
    elif best is None:
        lines.append("losses: none found; the takes get the room")
    elif not best.validation:
        lines.append("validation loss: none found")
    if survey.takes:
        numbers = survey.takes.numbers
        what, counted = ("texts" if survey.texts else "sounds"), survey.iteration or "iteration"
        lines.append(f"{what}: {len(numbers):,}, {counted} {numbers[0]:,} to {numbers[-1]:,}: {survey.takes.pattern}")
        if survey.texts:
            lines.append(f"sample rate of the texts: not known; {_TEXT_RATE_HZ:,} Hz is written")
    elif survey.tag:
        lines.append(f"sounds: in the event files, tag '{survey.tag}'")
    elif survey.others:
        lines.append(f"sounds: {survey.sounds:,}, but several numbers vary in their names:")
        lines += [f"    {one.words}" for one in survey.others]
    elif survey.sounds:
        lines.append(f"sounds: {survey.sounds:,}, but no number in their names varies")
    else:
        lines.append("sounds: none found; the graphs are silent")
    lines.append(f"settings: {len(survey.settings)}" if survey.settings else "settings: none found")
    return lines + [f"note: {note}" for note in _notes(survey)]


def quoted(text: str) -> str:
    """Text as a TOML string of one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _log_words(log: FoundLog, *, is_best: bool) -> str:
    losses = ", ".join(filter(None, (log.training, log.validation)))
    summary = f"{losses}, up to iteration {log.last_iteration:,.0f}" if losses else "no losses"
    return f"{'log' if is_best else 'also'}: {log.name} ({log.form}): {summary}"


def _notes(survey: Survey) -> list[str]:
    return list(dict.fromkeys([*survey.notes, *(note for log in survey.logs[:1] for note in log.log.notes)]))


def _log_lines(survey: Survey, prefix: str) -> list[str]:
    log = survey.best
    if log is None:
        sounding = next((one for one in survey.logs if survey.tag in one.log.sounds), None)
        if sounding is not None:
            return [f"log = {quoted(_place(prefix, sounding.name))}    # no losses were found in it"]
        return ['# log = "metrics.csv"              # no losses were found: a CSV, JSON, event files, a text log']
    used = [log, survey.second] if survey.second else [log]
    places = [quoted(_place(prefix, one.name)) for one in used]
    lines = [f"log = {places[0]}" if len(places) == 1 else f"log = [{', '.join(places)}]"]
    lines += [f"# log = {quoted(_place(prefix, one.name))}" for one in survey.logs if one not in used][:_MOST_OTHERS]
    if survey.iteration:
        lines.append(f"iteration = {quoted(survey.iteration)}    # by which the sounds are numbered")
    validation = survey.second.validation if survey.second else log.validation
    for kind, chosen in (("training_loss", log.training), ("validation_loss", validation)):
        lines.append(f"{kind} = {quoted(chosen)}" if chosen else f'# {kind} = "..."       # none was found')
    others = [name for name in log.log.names if may_be_loss(name) and name not in {log.training, validation}]
    if others:
        lines.append(f"# Other losses: {_comment(', '.join(map(quoted, others[:_MOST_OTHERS])))}")
    nats = any(one.unit == "nats" for one in log.log.series)
    lines.append(f"{'# ' if nats else ''}loss_unit = {quoted('nats' if nats else '')}    # nats are shown as bits")
    return lines


def _take_lines(survey: Survey, prefix: str) -> list[str]:
    if survey.takes:
        lines = [f"takes = {quoted(_place(prefix, survey.takes.pattern))}"]
        if survey.texts:
            form = f'text = {{ sample_rate_hz = {_TEXT_RATE_HZ}, encoding = "linear-u8" }}'
            lines.append(f"{form}    # the texts don't say it: change it if it was another, or mu-law")
        return lines
    if survey.tag:
        return [f"takes = {quoted(survey.tag)}    # a tag in the event files"]
    if survey.others:
        said = ["# Several numbers vary in the names of the sounds: choose the line whose number is the iteration."]
        return [*said, *(f"# takes = {quoted(_place(prefix, one.pattern))}" for one in survey.others)]
    return [f'# takes = "samples/step_{ITERATION}.wav"     # no sounds by iteration were found']


def _fact_lines(survey: Survey) -> list[str]:
    facts = [f"{quoted(name)} = {quoted(value)}" for name, value in card_facts(survey.settings).items()]
    if facts:
        return [f"facts = {{ {', '.join(facts)} }}    # lines on the card, in this order"]
    return ['# facts = { Network = "...", Parameters = "..." }    # lines on the card, in this order']


def card_facts(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that tell most of a network and its training, by names that can be read: the best known words first.

    `model.hidden_channels` is called Hidden channels. Paths and switches are left out.
    """
    ranked: list[tuple[int, str, str]] = []
    for name, value in settings.items():
        words = re.split(r"[._\s-]+", name.rpartition(".")[2].casefold())
        rank = next(
            (at for at, word in enumerate(_TELLING) if word in words or name.casefold() == f"{word}.name"), None
        )
        if rank is not None and value and len(value) <= _LONGEST_FACT and not set(value) & {"/", "\\"}:
            own = name.split(".")[-2:] if words[0] == "name" else name.split(".")[-1:]
            label = own[0].replace("_", " ").strip()
            ranked.append((rank, label[:1].upper() + label[1:], value))
    facts: dict[str, str] = {}
    for _, label, value in sorted(ranked, key=lambda one: one[0]):
        if len(facts) < _MOST_FACTS:
            facts.setdefault(label, value)
    return facts


def _place(prefix: str, name: str) -> str:
    return prefix.rstrip("/") if name == "." else f"{prefix}{name}"


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[: 2 * _LONGEST]
