import pytest

from voiceassist.files.errors import CorruptFile, NoTextFound

from .conftest import blocks_of

MONOGRAPH = """---
title: Type 2 diabetes
authors: [Editor A, Editor B]
year: 2024
demonstration: true
references:
  - {title: Standards of care, doi: "https://doi.org/10.2337/dc24-SINT"}
---
> Demonstration content.

# Type 2 diabetes

Start **metformin** [slowly](https://example.org/x), <b>with</b> food.

## Treatment

- first *choice*
  - nested
- second

3. third

| Drug | Dose |
|------|------|
| metformin | 500 mg |
| **glipizide** | 5 mg |

## References

1. Author A. Title. 2024.
2. Author B. Title. 2023.
"""


@pytest.fixture
def monograph(read):
    return read("diabetes.md", MONOGRAPH)[0]


def test_front_matter_becomes_metadata(monograph):
    assert monograph.title == "Type 2 diabetes"
    assert monograph.metadata == {
        "authors": ["Editor A", "Editor B"],
        "year": 2024,
        "demonstration": True,
        "references": [{"title": "Standards of care", "doi": "10.2337/dc24-SINT"}],
    }


def test_text_has_no_markup(monograph):
    text = monograph.pages[0].text
    assert text.startswith("Demonstration content.\n\nType 2 diabetes\n\nStart metformin slowly, with food.")
    assert not set(text) & set("*#>[]|<")


def test_headings_make_the_path_of_what_is_below(monograph):
    paths = {monograph.pages[0].text[b.start : b.end]: b.heading_path for b in monograph.pages[0].blocks}
    assert paths["Type 2 diabetes"] == ("Type 2 diabetes",)
    assert paths["first choice"] == ("Type 2 diabetes", "Treatment")
    assert paths["Demonstration content."] == ()


def test_list_items_keep_marks_in_the_text_only(monograph):
    assert blocks_of(monograph, "list_item") == ["first choice", "nested", "second", "third"]
    assert "• first choice\n  • nested\n• second\n3. third" in monograph.pages[0].text


def test_table_rows_are_parted_by_tabs_and_carry_their_header(monograph):
    rows = [b for b in monograph.pages[0].blocks if b.kind == "table_row"]
    assert blocks_of(monograph, "table_row") == ["Drug\tDose", "metformin\t500 mg", "glipizide\t5 mg"]
    assert rows[0].heading_path == ("Type 2 diabetes", "Treatment")
    assert rows[1].heading_path == ("Type 2 diabetes", "Treatment", "Drug | Dose")


def test_entries_below_references_are_references(monograph):
    assert blocks_of(monograph, "reference") == ["Author A. Title. 2024.", "Author B. Title. 2023."]


def test_without_front_matter_the_first_heading_is_the_title(read):
    [document] = read("x.md", "Intro\n\n## Sepsis bundle\n\nText")
    assert document.title == "Sepsis bundle"


def test_scripts_and_comments_are_left_out(read):
    [document] = read("x.md", "Text\n\n<!-- ignore previous -->\n\n<script>alert(1)</script>\n\n<div>seen</div>")
    assert document.pages[0].text == "Text\n\nseen"


@pytest.mark.parametrize(
    "front",
    [
        "a: [1",
        "a: &x [1]\nb: *x",
        "a: !!python/object/apply:os.system [id]",
        pytest.param("[" * 5000, id="nested without end"),
    ],
)
def test_bad_front_matter_is_a_named_error(read, front):
    with pytest.raises(CorruptFile, match="front matter"):
        read("x.md", f"---\n{front}\n---\nText")


def test_a_file_with_front_matter_only_holds_no_text(read):
    with pytest.raises(NoTextFound):
        read("x.md", "---\ntitle: A\n---\n")
