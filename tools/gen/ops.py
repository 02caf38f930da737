# SPDX-License-Identifier: Apache-2.0
"""The two opcode tables: generic_ops.tab (what .beam files contain) and internal_ops.tab (what engines run)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .spec import Position, SpecError, banner, c_string, cpp_identifier, read_lines

GENERIC_ROW = re.compile(r"(\d+)\s+([a-z][a-z0-9_]*)/(\d+)\s+(\d+)(?:\s+(\d+|-))?(?:\s+(.*))?$")
MAX_GENERIC = 255
OP_NAME = re.compile(r"[a-z][a-z0-9_]*$")
OPERAND = re.compile(r"^([a-z_][a-z0-9_]*):([A-Za-z]+|\*)$")
ATTRIBUTE = re.compile(r"@([a-z][a-z0-9_]*)$")
MAX_ATTRIBUTES = 32


@dataclass(frozen=True)
class GenericOp:
    """One external opcode. since/until are OTP releases (until = last one that has it, 0 = still there)."""

    number: int
    name: str
    arity: int
    since: int
    until: int
    doc: str
    where: Position


def load_generic(path: Path, root: Path) -> list[GenericOp]:
    """Rows in number order; numbers run from 1 without a hole."""
    ops: list[GenericOp] = []
    names: dict[str, Position] = {}
    for line in read_lines(path, root):
        match = GENERIC_ROW.match(line.text)
        if not match:
            raise SpecError(line.where, "expected: number name/arity since [until|-] doc")
        number, name, arity, since, until, doc = match.groups()
        op = GenericOp(int(number), name, int(arity), int(since), int(until) if until and until != "-" else 0, doc or "", line.where)
        if op.number != len(ops) + 1 or op.number > MAX_GENERIC:
            raise SpecError(line.where, f"expected opcode {len(ops) + 1}, found {op.number}")
        if name in names:
            raise SpecError(line.where, f"{name} is already at {names[name]}")
        names[name] = line.where
        ops.append(op)
    return ops


def generic_header(ops: list[GenericOp]) -> str:
    """code/generic_ops.gen.h"""
    out = [banner("src/code/generic_ops.tab"), "#pragma once\n\n#include <cstdint>\n\nnamespace vm::code {\n\n"]
    out.append("/// Opcodes of the Code chunk, by their number in the file.\nenum class GenericOp : uint8_t {\n")
    out += [f"  {cpp_identifier(op.name, op.where)} = {op.number},\n" for op in ops]
    out.append("};\n\n/// since/until: first and last OTP release that has the opcode; 0 means no bound.\n")
    out.append("struct GenericOpInfo {\n  const char* name;\n  uint8_t arity;\n  uint8_t since;\n  uint8_t until;\n};\n\n")
    out.append(f"inline constexpr unsigned kMaxGenericOp = {len(ops)};\n\n")
    out.append("/// Indexed by opcode number; row 0 is no opcode.\ninline constexpr GenericOpInfo kGenericOps[] = {\n  {\"\", 0, 0, 0},\n")
    out += [f"  {{{c_string(op.name)}, {op.arity}, {op.since}, {op.until}}},\n" for op in ops]
    out.append("};\n\n}  // namespace vm::code\n")
    return "".join(out)


def arity_header(ops: list[GenericOp]) -> str:
    """beamfile/opcode_arity.gen.h: all that the container reader, which lies below code/, needs to walk instructions."""
    out = [banner("src/code/generic_ops.tab"), "#pragma once\n\n#include <cstdint>\n\nnamespace vm::beamfile {\n\n"]
    out.append("/// Operands of each opcode, by its number; row 0 is no opcode.\n")
    out.append("inline constexpr std::uint8_t kOpcodeArities[] = {\n  0,\n")
    out += [f"  {op.arity},  // {op.number} {op.name}\n" for op in ops]
    out.append("};\n\n}  // namespace vm::beamfile\n")
    return "".join(out)


def generic_reference(ops: list[GenericOp]) -> str:
    out = ["# External opcodes\n\n| number | opcode | since OTP | last in OTP | what it does |\n|--:|---|---|---|---|\n"]
    for op in ops:
        doc = op.doc.replace("|", "\\|")
        out.append(f"| {op.number} | `{op.name}/{op.arity}` | {op.since or ''} | {op.until or ''} | {doc} |\n")
    return "".join(out)


@dataclass
class InternalOp:
    """One internal instruction: operands as (name, kind), attributes without the @, doc lines."""

    name: str
    operands: list[tuple[str, str]]
    attributes: list[str]
    where: Position
    doc: list[str] = field(default_factory=list)


def load_internal(path: Path, root: Path) -> list[InternalOp]:
    ops: list[InternalOp] = []
    names: dict[str, Position] = {}
    for line in read_lines(path, root):
        if line.indented:
            if not ops:
                raise SpecError(line.where, "doc line before the first `op`")
            ops[-1].doc.append(line.text)
            continue
        op = parse_internal(line.text, line.where)
        if op.name in names:
            raise SpecError(line.where, f"op {op.name} is already at {names[op.name]}")
        names[op.name] = line.where
        ops.append(op)
    return ops


def parse_internal(text: str, where: Position) -> InternalOp:
    """One `op name operand:K … @attr …` line."""
    words = text.split()
    if words[0] != "op" or len(words) < 2 or not OP_NAME.match(words[1]):
        raise SpecError(where, f"expected: op name operand:K … @attr …, found {text!r}")
    op = InternalOp(words[1], [], [], where)
    for word in words[2:]:
        if match := OPERAND.match(word):
            if op.attributes:
                raise SpecError(where, f"operand {word!r} after an attribute")
            if match.group(1) in dict(op.operands):
                raise SpecError(where, f"operand {match.group(1)!r} appears twice")
            op.operands.append((match.group(1), match.group(2)))
        elif match := ATTRIBUTE.match(word):
            op.attributes.append(match.group(1))
        else:
            raise SpecError(where, f"expected operand:K or @attribute, found {word!r}")
    return op


def attribute_bits(ops: list[InternalOp]) -> dict[str, int]:
    """Attribute -> bit, in order of first use."""
    bits: dict[str, int] = {}
    for op in ops:
        for attribute in op.attributes:
            bits.setdefault(attribute, len(bits))
            if len(bits) > MAX_ATTRIBUTES:
                raise SpecError(op.where, f"more than {MAX_ATTRIBUTES} different attributes")
    return bits


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def internal_header(ops: list[InternalOp]) -> str:
    """code/internal_ops.gen.h"""
    bits = attribute_bits(ops)
    out = [banner("src/code/internal_ops.tab"), "#pragma once\n\n#include <cstdint>\n\nnamespace vm::code {\n\n"]
    out.append("/// Instructions both engines run.\nenum class Op : uint16_t {\n")
    out += [f"  {cpp_identifier(op.name, op.where)},\n" for op in ops]
    out.append("};\n\n/// Attributes of an instruction (the @words of its spec line), as bits of OpInfo::attrs.\n")
    out += [f"inline constexpr uint32_t kOpAttr{camel(name)} = 1u << {bit};\n" for name, bit in bits.items()]
    out.append("\n/// operand_kinds: the kinds of the operands in order, separated by single blanks.\n")
    out.append("struct OpInfo {\n  const char* name;\n  uint8_t operand_count;\n  const char* operand_kinds;\n  uint32_t attrs;\n};\n\n")
    out.append(f"inline constexpr unsigned kOpCount = {len(ops)};\n\n")
    # One unused row keeps the array legal while the table is empty.
    out.append("/// Indexed by Op; the last row is a sentinel.\ninline constexpr OpInfo kOps[] = {\n")
    for op in ops:
        kinds = " ".join(kind for _, kind in op.operands)
        attrs = " | ".join(f"kOpAttr{camel(name)}" for name in op.attributes) or "0"
        out.append(f"  {{{c_string(op.name)}, {len(op.operands)}, {c_string(kinds)}, {attrs}}},\n")
    out.append("  {\"\", 0, \"\", 0},\n};\n\n}  // namespace vm::code\n")
    return "".join(out)


def internal_rows(ops: list[InternalOp]) -> str:
    """code/internal_ops.gen.inc: VM_OP(name) in enum order."""
    return banner("src/code/internal_ops.tab") + "".join(f"VM_OP({cpp_identifier(op.name, op.where)})\n" for op in ops)


def internal_reference(ops: list[InternalOp]) -> str:
    out = ["# Internal instructions\n"]
    for op in ops:
        operands = " ".join(f"{name}:{kind}" for name, kind in op.operands)
        attributes = " ".join("@" + name for name in op.attributes)
        out.append(f"\n### `{op.name}` {f'`{operands}`' if operands else ''} {attributes}".rstrip() + "\n\n")
        out += [text + "\n" for text in op.doc]
    return "".join(out)
