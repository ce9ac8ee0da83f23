"""Templates that extend others: what is joined, and what is wrong with it."""

from pathlib import Path

import pytest

from pipeline.errors import TemplateError
from pipeline.picture.cards.drawing import load_card_template
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.theme.inheritance import LONGEST_CHAIN, joined_file
from pipeline.picture.theme.looks import TextLook
from pipeline.picture.theme.theme import load_theme

BAR = '[[panel]]\nkind = "progress"\n'
SPEED = '[[panel]]\nkind = "speed"\n'


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def kinds(folder: Path, text: str) -> list[str]:
    written(folder, "layouts/mine", text)
    return [panel.kind for panel in load_layout("mine", folder).panel]


def test_a_theme_says_only_what_differs(tmp_path: Path) -> None:
    written(tmp_path, "themes/mine", 'extends = "midnight"\nname = "mine"\n[colours]\naccent = "#ffd166"\n')
    mine, midnight = load_theme("mine", tmp_path), load_theme("midnight")
    assert mine.colours.accent == "#ffd166"
    assert mine.colours.model_copy(update={"accent": midnight.colours.accent}) == midnight.colours


def test_a_file_of_ones_own_extends_the_built_in_one_of_its_name(tmp_path: Path) -> None:
    written(tmp_path, "layouts/landscape", 'extends = "landscape"\nplayhead = 0.5\n')
    mine = load_layout("landscape", tmp_path)
    assert mine.playhead == 0.5
    assert mine.panel == load_layout("landscape").panel


def test_roles_of_earlier_versions_are_read_by_their_new_names(tmp_path: Path) -> None:
    written(tmp_path, "themes/own", 'extends = "midnight"\n[colours]\nheard = "#123456"\nahead = "#fedcba"\n')
    colours = load_theme("own", tmp_path).colours
    assert (colours.played, colours.upcoming) == ("#123456", "#fedcba")
    assert TextLook.model_validate({"colour": "ahead"}).colour == "upcoming"


def test_built_in_files_extend_built_in_ones(tmp_path: Path) -> None:
    written(tmp_path, "layouts/landscape", 'name = "mine"\n' + SPEED + "left=0.1\ntop=0.1\nwidth=0.1\nheight=0.1\n")
    assert load_layout("portrait", tmp_path) == load_layout("portrait")


def test_a_part_changes_the_one_of_its_kind_or_name_and_is_new_without_one(tmp_path: Path) -> None:
    before = [panel.kind for panel in load_layout("landscape").panel]
    assert kinds(tmp_path, f'extends = "landscape"\n{BAR}height = 0.004\n') == before
    assert load_layout("mine", tmp_path).panel[before.index("progress")].height == 0.004
    place = "left = 0.1\ntop = 0.05\nwidth = 0.1\nheight = 0.01\n"
    assert kinds(tmp_path, f'extends = "landscape"\n{BAR}name = "second"\n{place}') == [*before, "progress"]
    assert kinds(tmp_path, f'extends = "landscape"\n{BAR}height = 0.004\n{BAR}{place}') == [*before, "progress"]


def test_parts_are_left_out_moved_and_replaced(tmp_path: Path) -> None:
    before = [panel.kind for panel in load_layout("landscape").panel]
    out = kinds(tmp_path, 'extends = "landscape"\nwithout = ["speed", "picture"]\n')
    assert out == [kind for kind in before if kind not in {"speed", "picture"}]
    assert kinds(tmp_path, f'extends = "landscape"\n{SPEED}before = "title"\n')[0] == "speed"
    assert kinds(tmp_path, f'extends = "landscape"\n{SPEED}after = "title"\n')[:2] == ["title", "speed"]
    other = '[[element]]\narea = "network"\nkind = "rule"\n'
    written(tmp_path, "cards/section", f'extends = "section"\n{other}')
    rule = next(one for one in load_card_template("section", tmp_path).element if one.area == "network")
    assert (rule.kind, rule.delay) == ("rule", 0.0)  # of another kind: nothing is left of the diagram


def test_extended_files_may_extend_further(tmp_path: Path) -> None:
    written(tmp_path, "themes/one", 'extends = "midnight"\n[lines]\ngrid = 0.002\n[colours]\naccent = "#ffffff"\n')
    written(tmp_path, "themes/two", 'extends = "one"\n[colours]\naccent = "#fefefe"\n')
    theme = load_theme("two", tmp_path)
    assert (theme.lines.grid, theme.colours.accent) == (0.002, "#fefefe")


def test_styles_are_shared_in_one_file(tmp_path: Path) -> None:
    written(tmp_path, "styles/default", 'extends = "default"\n[style.title]\nweight = 300\n')
    for name in ("title", "credits"):
        mine, builtin = load_card_template(name, tmp_path), load_card_template(name)
        assert mine.style["title"] == builtin.style["title"].model_copy(update={"weight": 300})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "landscap"\n', ["mine.toml, line 1, extends", "Did you mean 'landscape'"]),
        ('extends = "mine"\n', ["no template 'layouts/mine.toml'"]),
        ('name = "mine"\nextends = 3\n', ["line 2, extends", "names no template"]),
        ('extends = "landscape"\nwithout = "speed"\n', ["line 2, without", "no list of names"]),
        ('extends = "landscape"\nwithout = ["title", "sped"]\n', ["line 2, without", "Did you mean 'speed'"]),
        (f'extends = "landscape"\n{SPEED}after = "titel"\n', ["line 4, after", "Did you mean 'title'"]),
        (f'extends = "landscape"\n\n{SPEED}lft = 0.7\n', ["mine.toml, line 5, panel", "perhaps 'left'"]),
        (f'extends = "landscape"\n{SPEED}left = 2\n', ["mine.toml, line 4, panel.7.speed.left"]),
    ],
)
def test_what_is_wrong_has_its_file_and_line(text: str, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        kinds(tmp_path, text)
    for words in said:
        assert words in str(caught.value)


def test_a_fault_of_the_base_has_the_bases_line(tmp_path: Path) -> None:
    written(tmp_path, "layouts/base", f'extends = "landscape"\n\n\n{SPEED}left = 0.94\n')
    with pytest.raises(TemplateError, match=r"base\.toml, line 4, panel\.6\.speed"):
        kinds(tmp_path, 'extends = "base"\nwithout = ["title"]\n[[panel]]\nkind = "progress"\nheight = 0.004\n')


def test_circles_and_long_chains_are_errors(tmp_path: Path) -> None:
    written(tmp_path, "themes/a", 'extends = "b"\n')
    written(tmp_path, "themes/b", 'extends = "a"\n')
    with pytest.raises(TemplateError, match="circle: 'a' extends 'b' extends 'a'"):
        load_theme("a", tmp_path)
    for number in range(LONGEST_CHAIN):
        written(tmp_path, f"themes/t{number}", f'extends = "{f"t{number - 1}" if number else "midnight"}"\n')
    load_theme(f"t{LONGEST_CHAIN - 2}", tmp_path)
    with pytest.raises(TemplateError, match="Too many templates"):
        load_theme(f"t{LONGEST_CHAIN - 1}", tmp_path)


def test_deep_tables_are_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "themes/deep", f"{'.'.join('a' * 400)} = 1\n")
    with pytest.raises(TemplateError, match="nested too deeply"):
        joined_file(path)
