"""What is wrong with a theme or a layout is told with its file, its line and the nearest name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.cards.drawing import load_card_template
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.text.typesetting import typesetter_for
from pipeline.picture.theme.theme import load_theme

THEME = 'extends = "midnight"\nname = "own"\n\n'
CARD = 'extends = "title"\n\n[[element]]\n'
PANEL = 'extends = "landscape"\n\n[[panel]]\nkind = "waveform"\n'


LOADERS: Final[dict[str, Callable[[Path], object]]] = {
    "themes": lambda folder: typesetter_for(load_theme("own", folder)),
    "layouts": lambda folder: load_layout("own", folder),
    "cards": lambda folder: load_card_template("own", folder, ("film",)),
}


def told(folder: Path, kind: str, text: str) -> str:
    """The error of a file of one's own, with all of its parts."""
    path = folder / kind / "own.toml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(TemplateError) as caught:
        LOADERS[kind](folder)
    assert str(path) in caught.value.where
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[colurs]\ntext = "#ffffff"\n', ["line 4, colurs", "perhaps 'colours'"]),
        ('[colours]\ntext = "#ffffff"\nacent = "#ff0000"\n', ["line 6, colours.acent", "perhaps 'accent'"]),
        ('[colours]\naccent = "#ff00"\n', ["line 5, colours.accent", '"#20a0ff"']),
        ("[ground]\nangle = 700\n", ["line 5, ground.angle", "at most 360"]),
        ('[ground]\ngradient = ["#000000"]\n', ["line 5, ground.gradient", "two colours or more"]),
        (
            '[ground]\ngradient = ["#000000", "#111111"]\nmotion = "drft"\n',
            ["line 6, ground.motion", 'perhaps "drift"'],
        ),
        ('[ground]\nmotion = "drift"\n', ["line 4, ground", "two colours or more"]),
        ('[ground]\nfile = "sky.png"\n', ["line 5, ground.file", "'sky.png' is not there"]),
        ('[captions]\ncolour = "acent"\n', ["line 5, captions.colour\n", 'perhaps "accent"']),
        ("[captions]\nuppercas = true\n", ["line 5, captions.uppercas", "perhaps 'uppercase'"]),
        ("[caption_styles.loud]\noutline = 2\n", ["line 5, caption_styles.loud.outline", "at most 0.3"]),
        ('[fonts]\nfiles = ["none.ttf"]\n', ["line 5, fonts.files", "'none.ttf' is not there"]),
        ('[fonts]\nsans = "Intr"\n', ["line 5, fonts", "'Intr' is not installed", "Did you mean 'inter'"]),
        ('[fonts]\nmono = "Comic Sans"\n', ["line 5, fonts", "pip install fontpkg-comic-sans"]),
        ('strict = true\n[colours]\nmuted = "#445066"\n', ["line 6", "muted #445066", "contrast of"]),
        ("[colours\n", ["line 4", "closing bracket"]),
        ('[captions]\nbox = "pnel"\nbox_opacity = 2\n', ["line 5, captions.box\n", "1 more fault"]),
    ],
)
def test_a_theme(tmp_path: Path, text: str, said: list[str]) -> None:
    words = told(tmp_path, "themes", THEME + text)
    assert [part for part in said if part not in words] == []
    assert "literal" not in words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PANEL.replace("waveform", "wavefrom"), ["line 4, panel.10.kind", "'wavefrom'", 'perhaps "waveform"']),
        (f"{PANEL}lefft = 0.1\n", ["line 5, panel.3.waveform.lefft", "perhaps 'left'"]),
        (f"{PANEL}left = 1.5\n", ["line 5, panel.3.waveform.left", "at most 1"]),
        (f"{PANEL}left = 0.95\nwidth = 0.2\n", ["line 3, panel.3.waveform", "sticks out of the frame"]),
        (f'{PANEL}enter = "from-lft"\n', ["panel.3.waveform", "perhaps 'from-left'"]),
        (
            f'{PANEL}enter = {{ preset = "rise", easing = "bounc-out" }}\n',
            ["line 5, panel.3.waveform.enter.easing\n", 'perhaps "bounce-out"'],
        ),
        ('extends = "landscape"\nwithout = ["spectogram"]\n', ["line 2, without", "Did you mean 'spectrogram'"]),
        ('extends = "landscape"\nplayhed = 0.5\n', ["line 2, playhed", "perhaps 'playhead'"]),
        (f'{PANEL}[[panel]]\nkind = "picture"\nfile = "x.png"\n', ["line 7", "'x.png' is not there"]),
    ],
)
def test_a_layout(tmp_path: Path, text: str, said: list[str]) -> None:
    words = told(tmp_path, "layouts", text)
    assert [part for part in said if part not in words] == []
    assert "literal" not in words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "title"\n[[text]]\narea = "title"\n', ["line 2, text", "one of background, element, grid"]),
        ('extends = "title"\n[[elemnt]]\narea = "title"\n', ["line 2, elemnt", "perhaps 'element'"]),
        (f'{CARD}area = "tilte"\ntext = "Hi"\n', ["line 4, area", "no element 'tilte'", "Did you mean 'title'?"]),
        (f'{CARD}text = "Hi"\n', ["line 3, area", "no element ''", "logo, mark, title"]),
        (f'{CARD}area = "title"\ntxt = "Hi"\n', ["line 5", "perhaps 'text'"]),
        (f'{CARD}area = "title"\nstyle = "titel"\n', ["unknown style 'titel'", "there are author"]),
        (f'{CARD}area = "title"\ntext = "{{{{ flim }}}}"\n', ["line 5, element 3 (text in area 'title')\n", "'flim'"]),
        (f'{CARD}area = "title"\ntext = """a\n{{{{ flim }}}}"""\n', ["line 5, element 3", "line 2\n", "'flim'"]),
    ],
)
def test_a_card(tmp_path: Path, text: str, said: list[str]) -> None:
    words = told(tmp_path, "cards", text)
    assert [part for part in said if part not in words] == []
