"""A folder of ugly files, as offices send them: each with what a person would read in it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

from services.imports.columns import Kind

Cells = Sequence[object]
Row = Mapping[str, Any]
HOME = ["9", "1", "101"]
NEXT = ["9", "1", "102"]


@dataclass(frozen=True, slots=True)
class Ugly:
    """One kind of ugliness: the file, the lines it has (some of their fields), what is wrong with them."""

    name: str
    kind: Kind
    file: str
    raw: bytes
    lines: Sequence[Row]
    wrong: Sequence[tuple[int, str, str]] = ()  # row, column, expected


def text(rows: Sequence[Cells], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Write a table of text."""
    out = StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def book(*sheets: Sequence[Cells], ready: Callable[[Any, Any], None] | None = None, first: str = "") -> bytes:
    """Write a workbook; `ready` gets the book and its last page for what plain cells can't say."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "in_memory": True}) as made:
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        page = None
        for at, rows in enumerate(sheets):
            page = made.add_worksheet(first if at == 0 and first else None)
            for number, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, date):
                        page.write_datetime(number, column, cell, day)
                    elif isinstance(cell, int | float):
                        page.write_number(number, column, cell)
                    elif cell:
                        page.write_string(number, column, str(cell))
        if ready is not None:
            ready(made, page)
    return out.getvalue()


def _hidden(made: Any, page: Any) -> None:
    page.hide()


def _building_merged(made: Any, page: Any) -> None:
    page.merge_range(1, 0, 2, 0, "9栋")


def _header_merged(made: Any, page: Any) -> None:
    page.merge_range(0, 0, 1, 0, "房号")
    page.merge_range(0, 1, 0, 2, "业主信息")


OWNER = ("房号", "姓名", "手机")
BILL = ("房号", "收费项目", "账期", "应收金额", "应缴日期")
PAID = ("房号", "收款金额", "收款日期", "收款方式", "流水号")
MARCH: Row = {"unit": HOME, "item": "物业费", "period": "2026-03", "amount": 75264, "due": "2026-04-30"}
WANG: Row = {"unit": HOME, "name": "王芳", "phone": ["+8613800138000"]}


LINE = ("9-1-101", "王芳", "13800138000")
BOTH: Sequence[Row] = (WANG, {"unit": NEXT, "name": "李雷", "phone": ["+8613900139000"]})
SERIAL = 46142  # 2026-04-30, as spreadsheets count days
OWNERS: Sequence[Ugly] = (
    Ugly(
        "title lines above",
        Kind.OWNERS,
        "a.csv",
        text([("阳光花园业主名册",), ("制表:2026年3月",), OWNER, LINE]),
        [WANG],
    ),
    Ugly(
        "two merged header rows",
        Kind.OWNERS,
        "b.xlsx",
        book([("房号", "业主信息", ""), ("", "姓名", "联系电话"), LINE], ready=_header_merged),
        [WANG],
    ),
    Ugly(
        "English, other order",
        Kind.OWNERS,
        "c.csv",
        text([("Mobile", "Owner Name", "Unit No."), ("138 0013 8000", "王芳", "9-1-101")]),
        [WANG],
    ),
    Ugly(
        "columns that nobody asked for",
        Kind.OWNERS,
        "d.csv",
        text([("序号", *OWNER, "车牌", "宠物"), (1, *LINE, "浙A12345", "猫")]),
        [WANG],
    ),
    Ugly(
        "headers in traditional characters",
        Kind.OWNERS,
        "e.csv",
        text([("單位編號", "業主姓名", "業主電話"), LINE]),
        [WANG],
    ),
    Ugly(
        "a header with breaks and spaces",
        Kind.OWNERS,
        "f.xlsx",
        book([("房 号", "姓\n名", "手机\n号码"), LINE]),
        [WANG],
    ),
    Ugly("a header with a remark", Kind.OWNERS, "g.csv", text([("房号*", "姓名(必填)", "手机号"), LINE]), [WANG]),
    Ugly("phones as figures", Kind.OWNERS, "h.xlsx", book([OWNER, ("9-1-101", "王芳", 13800138000.0)]), [WANG]),
    Ugly(
        "phones that repeat a digit",
        Kind.OWNERS,
        "i.csv",
        text([OWNER, ("9-1-101", "王芳", "13888888888")]),
        [{"phone": ["+8613888888888"]}],
    ),
    Ugly(
        "several phones in a cell",
        Kind.OWNERS,
        "j.csv",
        text([OWNER, ("9-1-101", "王芳", "13800138000/13900139000 座机0571-88886666")]),
        [{"phone": ["+8613800138000", "+8613900139000", "+8657188886666"]}],
    ),
    Ugly(
        "phones with country code and dashes",
        Kind.OWNERS,
        "k.csv",
        text([OWNER, ("9-1-101", "王芳", "+86 138-0013-8000")]),
        [WANG],
    ),
    Ugly(
        "full-width signs",
        Kind.OWNERS,
        "l.csv",
        text([OWNER, ("９－１－１０１", "王芳", "１３８００１３８０００")]),
        [WANG],
    ),
    Ugly(
        "a phone that is none",
        Kind.OWNERS,
        "m.csv",
        text([OWNER, ("9-1-101", "王芳", "138001")]),
        [{"name": "王芳"}],
        [(2, "C", "phones")],
    ),
    Ugly(
        "units as people say them",
        Kind.OWNERS,
        "n.csv",
        text([OWNER, ("9栋1单元101", "王芳", "13800138000"), ("9号楼1门102室", "李雷", "13900139000")]),
        BOTH,
    ),
    Ugly(
        "units with a hash and slashes",
        Kind.OWNERS,
        "o.csv",
        text([OWNER, ("9#1-101", "王芳", "13800138000"), ("9/1/102", "李雷", "13900139000")]),
        BOTH,
    ),
    Ugly(
        "units in three columns",
        Kind.OWNERS,
        "p.csv",
        text([("楼栋", "单元", "房间号", "姓名", "电话"), ("9栋", "1单元", "101室", "王芳", "13800138000")]),
        [WANG],
    ),
    Ugly(
        "a building merged over its rows",
        Kind.OWNERS,
        "q.xlsx",
        book(
            [
                ("楼栋", "单元", "房号", "姓名", "电话"),
                ("", "1", "101", "王芳", "13800138000"),
                ("", "1", "102", "李雷", "13900139000"),
            ],
            ready=_building_merged,
        ),
        BOTH,
    ),
    Ugly(
        "a building in its first row only",
        Kind.OWNERS,
        "r.csv",
        text(
            [
                ("楼栋", "单元", "房间号", "姓名", "电话"),
                ("9", "1", "101", "王芳", "13800138000"),
                ("", "", "102", "李雷", "13900139000"),
            ]
        ),
        BOTH,
    ),
    Ugly(
        "empty rows and columns between",
        Kind.OWNERS,
        "s.xlsx",
        book([(), ("", *OWNER), (), ("", *LINE), (), ("", "9-1-102", "李雷", "13900139000")]),
        BOTH,
    ),
    Ugly("UTF-8 with a mark", Kind.OWNERS, "t.csv", text([OWNER, LINE], encoding="utf-8-sig"), [WANG]),
    Ugly(
        "GB18030 with rare characters",
        Kind.OWNERS,
        "u.csv",
        text([OWNER, ("9-1-101", "王𠮷䶮", "13800138000")], encoding="gb18030"),
        [{"name": "王𠮷䶮"}],
    ),
    Ugly("UTF-16", Kind.OWNERS, "v.csv", text([OWNER, LINE], encoding="utf-16", delimiter="\t"), [WANG]),
    Ugly("semicolons", Kind.OWNERS, "w.csv", text([OWNER, LINE], delimiter=";"), [WANG]),
    Ugly("tabs", Kind.OWNERS, "x.csv", text([OWNER, LINE], delimiter="\t"), [WANG]),
    Ugly(
        "the header once more in the middle",
        Kind.OWNERS,
        "y.csv",
        text([OWNER, LINE, OWNER, ("9-1-102", "李雷", "13900139000")]),
        BOTH,
    ),
    Ugly(
        "cells that say nothing",
        Kind.OWNERS,
        "z.csv",
        text([OWNER, ("9-1-101", "王芳", "无"), ("9-1-102", "李雷", "--")]),
        [{"name": "王芳"}, {"name": "李雷"}],
    ),
    Ugly(
        "spaces, hard spaces, invisible signs",
        Kind.OWNERS,
        "za.csv",
        text([OWNER, (" 9-1-101\u200b", "\u00a0王芳 ", "13800138000\t")]),
        [WANG],
    ),
    Ugly(
        "a cover sheet before the table",
        Kind.OWNERS,
        "zb.xlsx",
        book([("使用说明",), ("请勿修改",)], [OWNER, LINE], first="封面"),
        [WANG],
    ),
    Ugly(
        "the table in a hidden sheet", Kind.OWNERS, "zc.xlsx", book([("封面",)], [OWNER, LINE], ready=_hidden), [WANG]
    ),
    Ugly(
        "a name that looks like a formula",
        Kind.OWNERS,
        "zd.xlsx",
        book([OWNER, ("9-1-101", "=1+1", "13800138000")]),
        [{"name": "=1+1"}],
    ),
    Ugly(
        "a name over two lines",
        Kind.OWNERS,
        "ze.csv",
        text([OWNER, ("9-1-101", "王芳\n李雷", "13800138000")]),
        [{"name": "王芳 李雷"}],
    ),
    Ugly(
        "no name",
        Kind.OWNERS,
        "zf.csv",
        text([OWNER, ("9-1-101", "", "13800138000")]),
        [{"unit": HOME}],
        [(2, "B", "needed")],
    ),
)
MONEY: Sequence[Ugly] = (
    Ugly(
        "sums with signs and separators",
        Kind.BILLS,
        "ba.csv",
        text(
            [
                BILL,
                ("9-1-101", "物业费", "2026-03", "￥752.64元", "2026-04-30"),
                ("9-1-102", "物业费", "2026-03", "1,752.64", "2026-04-30"),
            ]
        ),
        [MARCH, {"amount": 175264}],
    ),
    Ugly(
        "sums as binary figures",
        Kind.BILLS,
        "bb.xlsx",
        book([BILL, ("9-1-101", "物业费", "2026-03", 752.6400000000001, "2026-04-30")]),
        [MARCH],
    ),
    Ugly(
        "days as serials",
        Kind.BILLS,
        "bc.xlsx",
        book([BILL, ("9-1-101", "物业费", "2026-03", 752.64, SERIAL)]),
        [MARCH],
    ),
    Ugly(
        "days and months as days",
        Kind.BILLS,
        "bd.xlsx",
        book([BILL, ("9-1-101", "物业费", date(2026, 3, 1), 752.64, date(2026, 4, 30))]),
        [MARCH],
    ),
    Ugly(
        "days in characters",
        Kind.BILLS,
        "be.csv",
        text([BILL, ("9-1-101", "物业费", "2026年3月", "752.64", "2026年4月30日")]),
        [MARCH],
    ),
    Ugly(
        "days with points and slashes",
        Kind.BILLS,
        "bf.csv",
        text(
            [
                BILL,
                ("9-1-101", "物业费", "202603", "752.64", "2026.4.30"),
                ("9-1-102", "物业费", "2026/3", "752.64", "2026/4/30"),
            ]
        ),
        [MARCH, {"unit": NEXT, "period": "2026-03", "due": "2026-04-30"}],
    ),
    Ugly(
        "a day that does not exist",
        Kind.BILLS,
        "bg.csv",
        text([BILL, ("9-1-101", "物业费", "2026-03", "752.64", "2026-02-30")]),
        [{"amount": 75264}],
        [(2, "E", "day")],
    ),
    Ugly(
        "totals below",
        Kind.BILLS,
        "bh.csv",
        text(
            [
                BILL,
                ("9-1-101", "物业费", "2026-03", "752.64", "2026-04-30"),
                ("小计", "", "", "752.64"),
                ("合 计", "", "", "752.64"),
            ]
        ),
        [MARCH],
    ),
    Ugly(
        "a sum in words",
        Kind.PAYMENTS,
        "bi.csv",
        text([PAID, ("9-1-101", "一百元", "2026-04-10", "微信", "W1")]),
        [{"way": "wechat"}],
        [(2, "B", "cents")],
    ),
    Ugly(
        "part of a cent",
        Kind.PAYMENTS,
        "bj.csv",
        text([PAID, ("9-1-101", "100.005", "2026-04-10", "微信", "W1")]),
        [{"way": "wechat"}],
        [(2, "B", "cents")],
    ),
    Ugly(
        "a serial of figures only",
        Kind.PAYMENTS,
        "bk.xlsx",
        book([PAID, ("9-1-101", 100, "2026-04-10", "微信支付", 420000123456.0)]),
        [{"amount": 10000, "way": "wechat", "serial": "420000123456"}],
    ),
    Ugly(
        "minus in brackets",
        Kind.BALANCES,
        "bl.csv",
        text([("房号", "项目", "余额"), ("9-1-101", "电费", "(12.50)")]),
        [{"balance": -1250}],
    ),
    Ugly(
        "areas with their measure",
        Kind.UNITS,
        "bm.csv",
        text([("房号", "建筑面积"), ("9-1-101", "89.60㎡"), ("9-1-102", "89.6平方米")]),
        [{"area": 896000}, {"area": 896000}],
    ),
    Ugly(
        "doors that repeat a digit",
        Kind.UNITS,
        "bn.csv",
        text([("房号", "建筑面积"), ("9-1-1111", "88.88")]),
        [{"unit": ["9", "1", "1111"], "area": 888800}],
    ),
    Ugly(
        "doors with letters",
        Kind.UNITS,
        "bo.csv",
        text([("房号", "建筑面积"), ("B-1-15A", "88")]),
        [{"unit": ["B", "1", "15A"]}],
    ),
    Ugly(
        "readings with separators",
        Kind.METERS,
        "bp.csv",
        text([("房号", "表名", "抄表日期", "本期读数"), ("9-1-101", "水表", "2026-04-01", "1,234.567")]),
        [{"reading": 1234567, "meter": "水表"}],
    ),
)


def folder() -> Sequence[Ugly]:
    """Give all ugly files."""
    return (*OWNERS, *MONEY)
