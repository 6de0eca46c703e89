"""The vocabulary: what only the candidate knows, types and labels, and vocabularies with fields of their own."""

from signpost.facts.vocabulary import KINDS, Field

PRIVATE = {
    "offer": "commute_minutes over_at internal away unwanted_place acceptance_planned_at withdrawal_planned_at"
    " withdrawal_reasons bottom_line notice_by last_day_before",
    "interview": "over_at internal prepared.research prepared.questions prepared.skills prepared.answers"
    " prepared.outfit prepared.bag prepared.inclusion",
    "application": "over_at internal",
    "contact": "",
}
TYPES = {
    "offer": {
        "salary": "money",
        "bonus": "money",
        "paid_leave_days": "days",
        "highlights": "texts",
        "travel_percent": "number",
        "respond_by": "instant",
        "start_date": "date",
        "location": "object",
        "conditions": "choices",
        "title": "text",
    },
    "interview": {"interviewers": "texts", "round": "number", "final": "boolean", "format": "choice"},
    "candidate": {"market_range": "range", "notice_period_days": "days", "notice_period_months": "number"},
}


def test_what_only_the_candidate_knows_is_private_and_nothing_else_is() -> None:
    """Rules about employers cannot use these fields: this is the barrier."""
    for kind, names in PRIVATE.items():
        assert {name for name, field in KINDS[kind].items() if field.private} == set(names.split()), kind
    assert all(field.private for field in KINDS["candidate"].values())


def test_fields_have_the_types_of_the_schemas() -> None:
    found = {kind: {name: KINDS[kind][name].type for name in names} for kind, names in TYPES.items()}
    assert found == TYPES


def test_the_employer_and_the_id_of_an_entity_are_fields_of_every_entity_once() -> None:
    """The schemas declare them too, as objects and as ids."""
    for kind in ("offer", "interview", "application", "contact"):
        assert {"employer", "employer_name", "employer_time_zone", "application"} <= set(KINDS[kind])
        assert KINDS[kind]["employer"].type == KINDS[kind]["application"].type == "text"
    assert not {"offer", "letter", "benefits", "custom"} & set(KINDS["offer"]) - {"letter"}
    assert "interview" not in KINDS["interview"]
    assert "present_title" in KINDS["candidate"]
    assert "present_respond_by" not in KINDS["candidate"]


def test_a_label_is_the_title_or_the_last_part_of_the_name() -> None:
    assert Field("custom.visa_sponsor", "boolean").label == "visa sponsor"
    assert Field("custom.visa_sponsor", "boolean", title="sponsors visas").label == "sponsors visas"


def test_a_vocabulary_without_fields_of_its_own_stays_the_same() -> None:
    assert KINDS.with_own({"offer": []}) is KINDS
    more = KINDS.with_own({"offer": [Field("custom.fit", "number")]})
    assert set(more["offer"]) - set(KINDS["offer"]) == {"custom.fit"}
    assert more["interview"].keys() == KINDS["interview"].keys()
    assert "custom.fit" not in KINDS["offer"]
