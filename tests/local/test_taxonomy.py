from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from rekvid import LabelCategoryName, LabelDetectionPage
from rekvid.backends.local.labels.registry import known
from rekvid.backends.local.labels.taxonomy import LabelEntry, entries, entry_of, renamed_classes

DETECTED = sorted({name for model in known() for name in model.classes} | {"Text"})


def page() -> str:
    return (Path(__file__).parents[2] / "docs/weights.md").read_text(encoding="utf-8")


def column(assets: Path, name: str) -> list[str]:
    """The first column of a published table, without its heading."""
    return [row[0] for row in rows(assets, name)]


def rows(assets: Path, name: str) -> list[list[str]]:
    path = assets / "taxonomy" / f"AmazonRekognition{name}_v3.0.csv"
    # All tables have a byte order mark and are UTF-8, but for the largest.
    encoding = "latin-1" if name == "LabelsCategoriesMapping" else "utf-8-sig"
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("name", DETECTED)
def test_every_class_of_the_shipped_detectors_is_a_label(name: str) -> None:
    """Each class has an entry with a category, and each of its ancestors has one too."""
    entry = entry_of(name)
    assert entry.categories
    for parent in entry.parents:
        assert entry_of(parent).name == parent
        assert entry_of(parent).categories


def test_ancestors_come_nearest_first_and_complete() -> None:
    """A label's parents hold their own parents, each once, and never itself or one before a nearer one."""
    for entry in entries():
        assert len(set(entry.parents)) == len(entry.parents)
        assert entry.name not in entry.parents
        for parent in entry.parents:
            assert set(entry_of(parent).parents) <= set(entry.parents), (entry.name, parent)
    assert entry_of("cow").parents == ("Cattle", "Livestock", "Mammal", "Animal")
    assert entry_of("orange").parents == ("Citrus Fruit", "Fruit", "Produce", "Plant", "Food")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "car",
            LabelEntry(
                name="Car",
                parents=("Vehicle", "Transportation"),
                aliases=("Automobile",),
                categories=("Vehicles and Automotive",),
            ),
        ),
        ("person", LabelEntry(name="Person", aliases=("Human",), categories=("Person Description",))),
        (
            "dog",
            LabelEntry(name="Dog", parents=("Canine", "Pet", "Mammal", "Animal"), categories=("Animals and Pets",)),
        ),
    ],
)
def test_labels_hold_what_the_table_says(name: str, expected: LabelEntry) -> None:
    """Three entries, spelt out."""
    assert entry_of(name) == expected


def test_classes_with_another_name_mean_the_same() -> None:
    """A class whose name would be another thing as a label, or none, leads to the label for what COCO shows."""
    assert {name: entry_of(name).name for name in DETECTED if entry_of(name).name.casefold() != name.casefold()} == {
        "stop sign": "Stopsign",
        "skis": "Skiing",
        "snowboard": "Snowboarding",
        "sports ball": "Ball",
        "mouse": "Computer Hardware",
        "remote": "Remote Control",
        "keyboard": "Computer Keyboard",
        "cell phone": "Mobile Phone",
        "hair drier": "Blow Dryer",
    }
    assert set(renamed_classes()) <= set(DETECTED)


def test_class_of_ones_own_model_is_a_label_of_its_name() -> None:
    """A class that nobody knows is a label of that name, and so are those that only look like one of COCO's."""
    assert entry_of("forklift truck") == LabelEntry(name="forklift truck")
    assert entry_of("Mouse") == LabelEntry(name="Mouse")
    assert entry_of("vehicle").parents == ("Transportation",)


def test_categories_are_named() -> None:
    """Each category of the table is one of the names, and each name tells what it stands for."""
    assert {name for entry in entries() for name in entry.categories} <= set(LabelCategoryName)
    for category in LabelCategoryName:
        assert category.name == category.value.upper().replace(" ", "_")


def test_every_row_is_of_use() -> None:
    """The table holds labels that a class leads to, and their ancestors, and no others."""
    used = {entry_of(name).name for name in DETECTED}
    used |= {parent for name in DETECTED for parent in entry_of(name).parents}
    assert {entry.name for entry in entries()} == used


def test_docs_list_the_classes_with_another_name() -> None:
    """The how-to names each class whose label is called otherwise, with its label."""
    for name, label in renamed_classes().items():
        assert f"| {name} | {label} |" in page()


@pytest.mark.assets
def test_names_aliases_and_categories_are_as_published(assets: Path) -> None:
    """Each label of the table is published, with just these aliases and categories."""
    names = set(column(assets, "AllLabels"))
    aliases = {row[0]: tuple(filter(None, row[1:])) for row in rows(assets, "AliasLabels")}
    categories = defaultdict(list)
    for label, category in rows(assets, "LabelsCategoriesMapping"):
        categories[label].append(category)
    for entry in entries():
        assert entry.name in names
        assert entry.aliases == aliases.get(entry.name, ()), entry.name
        assert list(entry.categories) == categories[entry.name], entry.name


@pytest.mark.assets
def test_category_names_are_those_published(assets: Path) -> None:
    """The enum holds the published categories, all of them and in their order."""
    assert list(LabelCategoryName) == column(assets, "LabelCategories")


@pytest.mark.assets
def test_labels_are_as_in_answers_of_the_service(assets: Path) -> None:
    """Aliases and categories are those of the samples from model 3.0, and parents hold at least those seen there."""
    seen = 0
    for sample in (assets / "responses").glob("labels_*_model3.0_docs.json"):
        for found in LabelDetectionPage.from_aws(json.loads(sample.read_text(encoding="utf-8"))).labels:
            entry = entry_of(found.label.name)
            if not entry.categories:
                continue  # Kangaroo: a label that no class leads to
            seen += 1
            assert entry.aliases == tuple(alias.name for alias in found.label.aliases)
            assert entry.categories == tuple(category.name for category in found.label.categories)
            assert set(entry.parents) >= {parent.name for parent in found.label.parents}
    assert seen > 3


@pytest.mark.assets
def test_docs_list_the_labels_that_have_boxes_only_here(assets: Path) -> None:
    """The how-to names each label that gets boxes although the service lists it without."""
    with_boxes = set(column(assets, "BoundingBoxLabels"))
    labels = [entry_of(name).name for model in known() for name in model.classes]
    only_here = ", ".join(dict.fromkeys(name for name in labels if name not in with_boxes))
    assert f"not among them: {only_here}." in " ".join(page().split())
