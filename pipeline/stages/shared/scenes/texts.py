"""The facts that panels of text may name: those of their section's card, and of what is seen just now.

This module owns what such templates are checked against, and what determines their texts. It does not draw.
"""

from __future__ import annotations

from typing import Any

from pipeline.picture.language import Language
from pipeline.picture.panels.settings import LayoutSettings
from pipeline.picture.panels.template_text import NOW, NOW_FACTS, TextPanelTemplate
from pipeline.picture.sandbox.values import plain
from pipeline.picture.text.fact_shapes import including
from pipeline.picture.text.templating import PlainFacts, check_text
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.section import SectionTable
from pipeline.stages.shared.facts.vocabulary import SECTION_FACTS, film_facts, section_facts
from pipeline.stages.shared.results import Results


def text_templates(layout: LayoutSettings) -> list[str]:
    """The templates of a layout's panels of text."""
    return [panel.template for panel in layout.panel if isinstance(panel, TextPanelTemplate)]


def check_texts(layout: LayoutSettings) -> None:
    """Check the templates of a layout's panels before there are facts.

    Raises
    ------
    TemplateError
        Where one names what is not there.
    """
    for template in text_templates(layout):
        check_text(template, including(SECTION_FACTS, **{NOW: NOW_FACTS}), f"layouts/{layout.name}.toml, panel text")


def section_facts_of_scenes(production: Production, results: Results, language: Language) -> tuple[PlainFacts, ...]:
    """The facts of each section's scene, but for those of the moment."""
    facts = film_facts(production, results, language)
    return tuple(section_facts(facts, section) for section in range(len(production.sections)))


def take_facts_of_scenes(production: Production, results: Results, language: Language) -> tuple[dict[int, Any], ...]:
    """The facts of each section's takes, by their iterations."""
    sections = [SectionTable(production, results, number, language) for number in range(len(production.sections))]
    return tuple(
        {iteration: plain(take.values()) for iteration, take in section.takes_heard().items()} for section in sections
    )
