"""What a value is, as a digest that is the same in every process: of numbers, arrays, settings, and code.

Covered for a function: its bytecode and constants, its defaults, what its closure holds, and each global that it
names, followed into functions, classes and modules of one's own. Of an installed package, or one of the standard
library, the version stands for its code. Not covered: what code reads while it runs (files, environment variables),
what it reaches by names that are made at run time (`getattr`, `importlib`), and changes made to an installed package
that leave its version as it was.
"""

import dis
import functools
import hashlib
import importlib
import importlib.util
import site
import struct
import sys
import sysconfig
import types
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import keras
import numpy as np
import pandas as pd

PLAIN = (type(None), bool, int, float, complex, str, bytes)
# The folders of installed code; what lies elsewhere is somebody's own.
INSTALLED = {
    *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *site.getsitepackages(),
    site.getusersitepackages(),
}


def digest(*values) -> str:
    """SHA-256 over `values`, 64 hexadecimal digits.

    >>> digest({"a": 1, "b": 2.0}) == digest({"b": 2.0, "a": 1})
    True

    Raises
    ------
    TypeError
        If something in them can't be told from another of its kind: an open file, say.
    """
    walk = _Walk()
    walk.visit(values)
    return walk.sha.hexdigest()


class _Walk:
    """One pass over values; what can lead back to itself is visited once, and named by its number after that."""

    def __init__(self):
        self.sha = hashlib.sha256()
        self.seen = {}  # id -> (number, object); the object is kept, so that no other takes its id

    def put(self, *parts):
        for part in parts:
            content = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
            self.sha.update(struct.pack("<q", len(content)) + content)

    def visit(self, value):
        if isinstance(value, np.generic):
            value = value.item()
        if type(value) in PLAIN:
            return self.put(type(value).__name__, repr(value))
        # Whether two equal constants are one object depends on whether Python read the code from its cache.
        if not isinstance(value, tuple | frozenset | np.ndarray | types.CodeType):
            if id(value) in self.seen:
                return self.put("again", self.seen[id(value)][0])
            self.seen[id(value)] = (len(self.seen), value)
        for kinds, visit in _VISITS:
            if isinstance(value, kinds):
                return visit(self, value)
        return self.visit_object(value)

    def visit_all(self, tag, values):
        values = list(values)
        self.put(tag, len(values))
        for value in values:
            self.visit(value)

    def visit_sequence(self, values):
        self.visit_all(type(values).__name__, values)

    def visit_unordered(self, values):
        self.put(type(values).__name__, *sorted(map(digest, values)))

    def visit_mapping(self, mapping):
        keys = sorted(mapping, key=digest)
        self.visit_all("keys", keys)
        self.visit_all("values", [mapping[key] for key in keys])

    def visit_array(self, array):
        array = np.asarray(array)  # of a file mapped into memory, too
        self.put("array", array.dtype.str, array.shape)
        if array.dtype.hasobject:
            return self.visit_all("items", array.ravel().tolist())
        if array.dtype.kind in "Mm":
            array = array.view("int64")
        return self.sha.update(np.ascontiguousarray(array))

    def visit_frame(self, frame):
        frame = frame.to_frame() if isinstance(frame, pd.Series) else frame
        self.visit_all("frame", [list(frame.columns), frame.index.to_numpy()])
        self.visit_all("columns", [frame.iloc[:, i].to_numpy() for i in range(frame.shape[1])])

    def visit_partial(self, partial):
        self.visit_all("partial", [partial.func, partial.args, partial.keywords])

    def visit_method(self, method):
        self.visit_all("method", [method.__func__, method.__self__])

    def visit_wrapper(self, wrapper):
        parts = ("__func__", "fget", "fset", "fdel", "func")
        self.visit_all(type(wrapper).__name__, [getattr(wrapper, part, None) for part in parts])

    def visit_function(self, function):
        if not _is_own(function):
            return self.put_installed(function)
        cells = function.__closure__ or ()
        self.put("function")
        self.visit(function.__code__)
        self.visit_all("defaults", [function.__defaults__, function.__kwdefaults__, function.__dict__])
        self.visit_all("closure", [cell.cell_contents for cell in cells if _is_filled(cell)])
        names, imported = _names(function.__code__, function.__globals__.get("__package__") or "")
        self.visit_mapping({name: function.__globals__[name] for name in names if name in function.__globals__})
        return self.visit_all("imports", imported)

    def visit_code(self, code):
        """All but where it stands: a cell that moved down its notebook is the same."""
        self.put("code", code.co_code, code.co_flags, code.co_argcount, code.co_kwonlyargcount)
        self.visit_all("names", [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars])
        self.visit_all("constants", code.co_consts)
        self.put(code.co_exceptiontable)

    def visit_class(self, cls):
        if not _is_own(cls):
            return self.put_installed(cls)
        members = {
            name: member
            for name, member in vars(cls).items()
            if name not in ("__dict__", "__weakref__", "__module__", "__firstlineno__", "__static_attributes__")
            and not isinstance(member, types.GetSetDescriptorType | types.MemberDescriptorType)
            and not name.startswith("_abc_")
        }
        self.visit_all("class", [cls.__name__, cls.__bases__])
        return self.visit_mapping(members)

    def visit_module(self, module):
        """Of one's own: the source, and that of every module of one's own that it took something from."""
        if not _is_own(module) or not getattr(module, "__file__", None):
            return self.put_installed(module)
        self.put("module", Path(module.__file__).read_bytes())
        sources = {}
        for value in vars(module).values():
            name = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
            source = sys.modules.get(name) if isinstance(name, str) else None
            if source is not None and source is not module and _is_own(source) and getattr(source, "__file__", None):
                sources[name] = source
        return self.visit_mapping(sources)

    def put_installed(self, value):
        module = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None) or ""
        self.put("installed", module, getattr(value, "__qualname__", ""), _version(module.partition(".")[0]))

    def visit_of_keras(self, value):
        try:
            config = value.get_config()
        except Exception as error:
            raise _unknowable(value, error) from error
        if isinstance(value, keras.optimizers.Optimizer):
            config.pop("name", None)  # Keras numbers them: adam, adam_1, ...
        self.visit_all("of Keras", [type(value), config])
        weights = getattr(value, "weights", None) if isinstance(value, keras.Layer) else None
        self.visit_all("weights", [keras.ops.convert_to_numpy(weight) for weight in weights or ()])

    def visit_loss(self, loss):
        """Not by its configuration, which leaves out the delta of a Huber loss, among others."""
        self.visit_all("loss", [type(loss), {**vars(loss), "_dtype_policy": loss.dtype}])

    def visit_builtin(self, function):
        self.put_installed(function)
        if not isinstance(function.__self__, types.ModuleType | None):
            self.visit(function.__self__)

    def visit_object(self, value):
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise _unknowable(value, error) from error
        if isinstance(reduced, str):
            self.put("global", type(value).__module__, reduced)
            return self.visit(getattr(value, "__wrapped__", None))  # a cached function, among others
        self.visit_all("object", reduced[:2])
        if len(reduced) > 2:
            self.visit(reduced[2])
        return self.visit_all("contents", [list(part) for part in reduced[3:5] if part is not None])


_VISITS = (
    ((tuple, list), _Walk.visit_sequence),
    ((set, frozenset), _Walk.visit_unordered),
    (Mapping, _Walk.visit_mapping),
    (np.ndarray, _Walk.visit_array),
    ((pd.DataFrame, pd.Series), _Walk.visit_frame),
    (functools.partial, _Walk.visit_partial),
    (types.MethodType, _Walk.visit_method),
    ((staticmethod, classmethod, property, functools.cached_property), _Walk.visit_wrapper),
    (types.FunctionType, _Walk.visit_function),
    (types.CodeType, _Walk.visit_code),
    (type, _Walk.visit_class),
    (types.ModuleType, _Walk.visit_module),
    (
        (
            keras.Layer,
            keras.optimizers.Optimizer,
            keras.optimizers.schedules.LearningRateSchedule,
            keras.initializers.Initializer,
            keras.regularizers.Regularizer,
        ),
        _Walk.visit_of_keras,
    ),
    (keras.losses.Loss, _Walk.visit_loss),
    (types.BuiltinFunctionType, _Walk.visit_builtin),
    (np.ufunc, _Walk.put_installed),
)


def _unknowable(value, error):
    return TypeError(
        "`results_dir` needs code and settings that can be told from others of their kind, to know the trials that are "
        f"done. Received: a {type(value).__module__}.{type(value).__qualname__} among them, which can't ({error}). "
        "Make it inside the function that uses it, or leave `results_dir` out."
    )


def _names(code, package):
    """Globals that code and the functions inside it read, and modules that it imports."""
    names, imported = set(), []
    instructions = list(dis.get_instructions(code))
    for i, instruction in enumerate(instructions):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            level = instructions[i - 2].argval if i > 1 else 0
            imported.append(_imported("." * level + instruction.argval if isinstance(level, int) else "", package))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner_names, inner_imported = _names(constant, package)
            names.update(inner_names)
            imported += inner_imported
    return names, imported


def _imported(name, package):
    """The module: loaded, since it would be loaded by the trial, and the digest must not depend on when it is."""
    try:
        return importlib.import_module(name, package or None)
    except Exception:  # the trial will meet the same, and tell it
        return name


def _is_filled(cell):
    try:
        cell.cell_contents  # noqa: B018 - raises where the name has no value yet
    except ValueError:
        return False
    return True


def _is_own(value):
    """Whether code is neither installed nor the standard library's: a notebook's, a script's, an editable package's."""
    if isinstance(value, types.FunctionType):
        file = value.__code__.co_filename
    else:
        module = value if isinstance(value, types.ModuleType) else sys.modules.get(value.__module__)
        file = getattr(module, "__file__", None)
        if file is None:  # compiled into Python, or a notebook
            return getattr(module, "__name__", "") == "__main__"
    if file.startswith("<frozen"):
        return False
    return not any(Path(file).is_relative_to(folder) for folder in INSTALLED)


@functools.cache
def _version(package):
    if package in sys.stdlib_module_names:
        return sys.version
    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError):  # a name that differs from the distribution's, as sklearn's
        return str(getattr(sys.modules.get(package), "__version__", ""))
