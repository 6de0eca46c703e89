"""Texts that try to leave the sandbox of a rule: each is refused at load, in words, and nothing runs."""

from pathlib import Path

import pytest

from signpost.rulebook import RulebookError, load

SOURCES = "articles: {hired: Hired}\n"
RULE = (
    "r:\n  about: offer\n  source: hired\n  when: {stage: open}\n  priority: high\n  title: Do it\n  message: |\n    "
)
ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ employer.__class__ }}",
    "{{ employer['__class__'] }}",
    "{{ employer|attr('__class__') }}",
    "{{ employer['__cl' ~ 'ass__'] }}",
    "{{ salary.amount.__class__ }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ joiner }}",
    "{{ namespace() }}",
    "{{ request.environ }}",
    "{{ config }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ loop.__class__ }}",
    "{{ employer.format() }}",
    "{{ '%s' % employer }}",
    "{{ '{0.__class__}'.format(employer) }}",
    "{{ employer|format }}",
    "{{ employer|map(attribute='__class__')|list }}",
    "{{ [employer]|selectattr('__class__') }}",
    "{{ [1]|groupby('__class__') }}",
    "{{ employer|xmlattr }}",
    "{{ employer|tojson }}",
    "{{ employer|pprint }}",
    "{{ employer|safe }}",
    "{{ (1)|attr('real') }}",
    "{{ 9**9**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ range(1000000000)|list }}",
    "{% for x in range(1000000000) %}a{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import popen %}",
    "{% extends 'base' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call employer() %}{% endcall %}",
    "{% block b %}{{ super() }}{% endblock %}",
    "{% filter upper %}a{% endfilter %}",
    "{% do employer.clear() %}",
    "{% set employer.name = 'x' %}",
    "{% autoescape false %}a{% endautoescape %}",
    "{% debug %}",
    "{{ caller() }}",
    "{{ dict(a=1).update(b=2) }}",
    "{{ undefined_name.__init__ }}",
    "{{ candidate.__dict__ }}",
    "{{ params.__class__ }}",
)


def load_text(folder: Path, text: str) -> None:
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "topic.yaml").write_text(RULE + text + "\n")
    load(folder)


def test_an_honest_text_is_taken(tmp_path: Path) -> None:
    load_text(tmp_path, "Ask {{ employer }} about the day.")


@pytest.mark.parametrize("text", ESCAPES)
def test_an_escape_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RulebookError) as refused:
        load_text(tmp_path, text)
    codes = {problem.code for problem in refused.value.problems}
    assert codes & {"R040", "R041", "R043"}, codes
