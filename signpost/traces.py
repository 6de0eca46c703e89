"""Spans for OpenTelemetry: off until a process starts them, and then all that this module does is to compare with None.

A W3C `traceparent` goes with each message as a header. `tracestate` does not: it is a text of others without a bound.
"""

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from signpost.errors import CallerError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

TRACEPARENT: Final = "traceparent"
"""Header of a request and of a message: trace id, span id and whether the trace is recorded, 55 characters."""
MAX_LINKS: Final = 128
"""Links of one span; more are left out, as OpenTelemetry does by default."""
MODULES: Final = ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
"""Of each package that may be missing."""
STOP_S: Final = 3.0
"""How long the end of a process waits for spans that are not sent yet."""
Value: TypeAlias = str | int | list[str]

_provider: "TracerProvider | None" = None
_tracer: Any = None


class NotInstalled(CallerError):
    """OpenTelemetry is not installed."""


class Span:
    """A span that is not recorded. `traceparent`, `trace_id`: "" if traces are off."""

    traceparent = ""
    trace_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing."""

    def note(self, name: str = "", **attributes: Value) -> None:
        """Rename the span, and add attributes: ids and numbers, never content. A double underscore is a dot."""


class _Recorded(Span):
    """A span of OpenTelemetry; the current one within its block."""

    def __init__(self, name: str, kind: str, parent: str, links: Iterable[str], attributes: dict[str, Value]) -> None:
        from opentelemetry.trace import Link, SpanKind

        found = (_span_context(one) for one in dict.fromkeys(links) if one)
        self._block: AbstractContextManager[Any] = _tracer.start_as_current_span(
            name,
            context=_context(parent) if parent else None,
            kind=SpanKind[kind.upper()],
            links=[Link(one) for one in found if one.is_valid][:MAX_LINKS],
            attributes=_dotted(attributes),
            record_exception=False,  # the message of an exception may have personal data
            set_status_on_exception=False,
        )

    def __enter__(self) -> Self:
        self._span = self._block.__enter__()
        context = self._span.get_span_context()
        self.trace_id = f"{context.trace_id:032x}"
        self.traceparent = f"00-{self.trace_id}-{context.span_id:016x}-{context.trace_flags:02x}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from opentelemetry.trace import StatusCode

        if kind is not None:
            self._span.set_status(StatusCode.ERROR, kind.__name__)
        self._block.__exit__(kind, error, traceback)

    def note(self, name: str = "", **attributes: Value) -> None:
        if name:
            self._span.update_name(name)
        self._span.set_attributes(_dotted(attributes))


_OFF: Final = Span()


def require(kind: str) -> None:
    """Raise NotInstalled if this kind of traces needs what is not installed."""
    if kind != "off" and not _is_installed():
        raise NotInstalled(
            f"SIGNPOST_TRACES is {kind}, and OpenTelemetry is missing; run: pip install 'signpost[otel]'"
        )


def _is_installed() -> bool:
    try:
        return all(map(find_spec, MODULES))
    except ModuleNotFoundError:  # of a parent
        return False


def start(process: str, kind: str, exporter: "SpanExporter | None" = None) -> None:
    """Record spans from now on, unless `kind` is "off". `exporter`: another than that of OTLP over HTTP, which reads
    the variables OTEL_EXPORTER_OTLP_.... Call it after any fork. Raises NotInstalled."""
    global _provider, _tracer
    if kind == "off":
        return
    require(kind)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):  # unless OTEL_SERVICE_NAME names it
        resource = resource.merge(Resource({"service.name": f"signpost-{process}"}))
    _provider = TracerProvider(resource=resource)
    _provider.add_span_processor(SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("signpost")


def stop() -> None:
    """Send what is left, for up to STOP_S, and record nothing from now on."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        sending = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        sending.start()
        sending.join(STOP_S)


def is_on() -> bool:
    """Whether spans are recorded."""
    return _tracer is not None


def span(
    name: str, kind: str = "internal", *, parent: str = "", links: Iterable[str] = (), **attributes: Value
) -> Span:
    """A span around a block. `kind`: internal, server, producer or consumer; `parent`: the traceparent that it goes on
    from, by default the current span; `links`: those of others that led to it; attributes as in `Span.note`."""
    return _OFF if _tracer is None else _Recorded(name, kind, parent, links, attributes)


def current() -> str:
    """The traceparent of the current span; "" if there is none."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def ids_of(traceparent: str) -> dict[str, str]:
    """The trace id as a field of a log line; nothing without one."""
    return {"trace": traceparent[3:35]} if traceparent else {}


def _context(traceparent: str) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent}, context=Context())


def _span_context(traceparent: str) -> Any:
    from opentelemetry.trace import get_current_span

    return get_current_span(_context(traceparent)).get_span_context()


def _dotted(attributes: dict[str, Value]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
