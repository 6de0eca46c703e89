"""Puts a mutant into the modules that this process has already imported, which takes milliseconds."""

import functools
import gc
import importlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TypeAlias

from tests.mutants.by_hand import AnyMutant
from tests.mutants.mutants import ROOT

Place: TypeAlias = tuple[str, int]
"""Qualified name and first line of a function."""
PLAIN: Final = (int, float, str, bytes, tuple, frozenset, set, list, dict, type(None))
"""Types of constants of a class."""


GENERATED: Final = ("__init__", "__repr__", "__eq__", "__lt__", "__hash__")
"""Methods that `dataclass` writes, which differ if a field is no longer compared, shown or given."""


class NotApplicable(Exception):
    """The mutant cannot be put in place: the change moves a variable in or out of a closure."""


def live_path(path: str) -> str:
    """The file that the interpreter names when it runs a module: packages beside `signpost` are links inside it."""
    return str(ROOT / (path if path.startswith("signpost/") else f"signpost/{path}"))


def prepare(path: str) -> None:
    """Find the functions and objects of a module before the processes are forked that change them."""
    functions_of(import_module(path))
    objects_of(import_module(path))


def import_module(path: str) -> ModuleType:
    """Import a module by its path in the project."""
    name = live_path(path).removeprefix(f"{ROOT}/").removesuffix(".py").removesuffix("/__init__")
    return importlib.import_module(name.replace("/", "."))


def apply(mutant: AnyMutant) -> None:
    """Change the code of all live functions of the module; at import also its constants and defaults.

    Raises what the changed module raises when it is imported, and NotApplicable.
    """
    module = import_module(mutant.module)
    code = compile(mutant.tree(), module.__file__ or "", "exec", dont_inherit=True)
    functions = functions_of(module)
    if not mutant.lines:
        _replace_values(module, code, functions)
    codes = dict(_codes(code))
    _clear_caches(module)
    for function in functions:
        changed = codes.get(_place(function.__code__))
        if changed is not None:
            try:
                function.__code__ = changed
            except ValueError as error:
                raise NotApplicable(str(error)) from error


def _clear_caches(module: ModuleType) -> None:
    """Of the module's functions: they have seen the arguments of the tests already."""
    for item in vars(module).values():
        if isinstance(item, functools._lru_cache_wrapper):
            item.cache_clear()


@functools.cache
def functions_of(module: ModuleType) -> list[FunctionType]:
    """Every live function that the module's file defines, wherever it is kept."""
    return list(_find_functions(module))


@functools.cache
def objects_of(module: ModuleType) -> list[Any]:
    """Every live object of a dataclass that the module defines; it was made with the defaults as they are on disk."""
    kinds = tuple(item for item in vars(module).values() if isinstance(item, type) and is_dataclass(item))
    return [item for item in gc.get_objects() if type(item) in kinds]


def _find_functions(module: ModuleType) -> Iterator[FunctionType]:
    for item in gc.get_objects():
        if type(item) is FunctionType and item.__code__.co_filename == module.__file__:
            yield item


def _codes(code: CodeType) -> Iterator[tuple[Place, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield _place(constant), constant
            yield from _codes(constant)


def _place(code: CodeType) -> Place:
    return code.co_qualname, code.co_firstlineno


def _replace_values(module: ModuleType, code: CodeType, functions: list[FunctionType]) -> None:
    """Import the changed module beside the original and take over what is different in it."""
    fresh = ModuleType(module.__name__)
    fresh.__dict__.update(__file__=module.__file__, __package__=module.__package__, __spec__=module.__spec__)
    sys.modules[module.__name__] = fresh
    try:
        exec(code, fresh.__dict__)
    finally:
        sys.modules[module.__name__] = module
    for name, value in vars(fresh).items():
        old = vars(module).get(name)
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        if isinstance(value, type) and isinstance(old, type) and value.__module__ == module.__name__:
            _replace_attributes(old, value)
            _replace_defaults([item for item in objects_of(module) if type(item) is old], old, value)
        elif not callable(value) and repr(value) != repr(old):
            _replace_everywhere(name, old, value)
    defaults = {_place(item.__code__): item for item in _find_functions(module) if item.__globals__ is fresh.__dict__}
    for function in functions:
        changed = defaults.get(_place(function.__code__))
        if changed is not None:
            function.__defaults__, function.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__


def _replace_everywhere(name: str, old: Any, value: Any) -> None:
    """Also in the tests, which would import the changed constant."""
    for module in list(sys.modules.values()):
        if vars(module).get(name, module) is old:
            setattr(module, name, value)


def _replace_attributes(old: type, new: type) -> None:
    """Constants of a class, and what `dataclass` writes."""
    for name, value in vars(new).items():
        known = vars(old).get(name)
        if isinstance(value, FunctionType) and isinstance(known, FunctionType):
            known.__defaults__, known.__kwdefaults__ = value.__defaults__, value.__kwdefaults__
            if name in GENERATED and _source(value) != _source(known):
                setattr(old, name, value)
        elif type(value) in PLAIN and not name.startswith("__") and value != known:
            setattr(old, name, value)


def _source(function: FunctionType) -> tuple[Any, ...]:
    """What tells the code of two functions apart that `dataclass` has written."""
    code = inspect.unwrap(function).__code__
    return code.co_code, code.co_consts, code.co_names, code.co_varnames


def _replace_defaults(items: list[Any], old: type, new: type) -> None:
    """In objects that were made before, such as constants of other modules."""
    if not (is_dataclass(old) and is_dataclass(new)):
        return
    changed = {field.name: field.default for field in fields(new) if field.default is not MISSING}
    for field in fields(old):
        if field.default is MISSING or changed.get(field.name, field.default) == field.default:
            continue
        for item in items:
            if getattr(item, field.name, MISSING) == field.default:
                object.__setattr__(item, field.name, changed[field.name])
