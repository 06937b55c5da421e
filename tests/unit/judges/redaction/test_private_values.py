"""Private values as production has them, and what looks like one and is none: both are counted."""

from __future__ import annotations

import time

import pytest

from assay.judges.redaction.policy import KINDS, PrivateKind, Redaction
from assay.judges.redaction.redact import private_values

EVERY_KIND = Redaction(kinds=KINDS)

PRIVATE: dict[PrivateKind, tuple[str, ...]] = {
    "email": (
        "ann@example.com",
        "Ann.Smith+news@sub.example.co.uk",
        "o'brien@example.ie",
        "info@müller.de",
        "user@xn--mller-kva.de",
        "иван@пример.рф",
        "ann＠example．com",
        "ann%40example.com",
        "ann (at) example (dot) com",
        "ann [at] example.com",
        "a@b.io",
        "john_doe-99@mail-server.example.org",
        "USER@EXAMPLE.COM",
        "ann@163.com",
        "<ann@example.com>",
        "mailto:ann@example.com?subject=hi",
        "email=ann@example.com&x=1",
        "ann@exa\u200bmple.com",
        "用户@例子.中国",
        "ann@example.museum",
    ),
    "phone": (
        "+49 30 1234567",
        "+49 (0)30 1234567",
        "+49-151-23456789",
        "+4915123456789",
        "0049 30 1234567",
        "030 1234567",
        "030/1234567",
        "(030) 1234567",
        "0151 23456789",
        "01701234567",
        "089-1234567",
        "+1 (555) 234-5678",
        "555-234-5678",
        "(555) 234-5678",
        "1-800-555-0199",
        "555.234.5678",
        "+1 555 234 5678 ext. 89",
        "call 5552345678",
        "Tel. 612 345 678",
        "06 12 34 56 78",
        "+33 6 12 34 56 78",
        "01.23.45.67.89",
        "020 7946 0958",
        "+44 20 7946 0958",
        "07700 900123",
        "+44 7700 900123",
        "+91 98765 43210",
        "98765 43210",
        "13812345678",
        "138 1234 5678",
        "+86 138 1234 5678",
        "+81 3-1234-5678",
        "03-1234-5678",
        "06-12345678",
        "+31 6 12345678",
        "+34 612 345 678",
        "móvil: 612 34 56 78",
        "+39 06 1234 5678",
        "+41 44 123 45 67",
        "044 123 45 67",
        "+55 11 91234-5678",
        "+7 (495) 123-45-67",
        "8 (495) 123-45-67",
        "телефон 123-45-67",
        "٠١٢٣٤٥٦٧٨٩٠",
        "+４９ ３０ １２３４５６７",
        "tel:+49301234567",
        "WhatsApp +5215512345678",
        "phone number is 6123 4567",
        "+46 8 123 456 78",
        "Ring 12 34 56 78",
        "hotline 0800 123 4567",
        "fax: 2345678",
        "电话：010-12345678",
        "+61 2 9374 4000",
        "02 9374 4000",
    ),
    "iban": (
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "GB82 WEST 1234 5698 7654 32",
        "gb82west12345698765432",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NL91ABNA0417164300",
        "DE88 3704 0044 0532 0130 00",
        "CH93 0076 2011 6238 5295 7",
        "NO93 8601 1117 947",
        "DE89-3704-0044-0532-0130-00",
        "DE89\xa03704\xa00044\xa00532\xa00130\xa000",
        "IBAN:DE89370400440532013000",
        "BE68 5390 0754 7034",
        "AT61 1904 3002 3457 3201",
        "ES91 2100 0418 4502 0005 1332",
        "IT60 X054 2811 1010 0000 0123 456",
    ),
    "credit_card": (
        "4111 1111 1111 1111",
        "4111111111111111",
        "5500-0000-0000-0004",
        "3782 822463 10005",
        "378282246310005",
        "6011 1111 1111 1117",
        "4111 1111 1111 1112",
        "card 4111111111111112",
        "4111 1111 1111 1111 12/27",
        "3530 1113 3330 0000",
        "30569309025904",
        "２２２３ ００００ ４８４０ ００１１",
        "6200 0000 0000 0005",
        "5105105105105100",
    ),
    "ip": (
        "203.0.113.7",
        "10.0.0.1",
        "http://192.168.1.20:8080/x",
        "2001:db8::7",
        "fe80::1ff:fe23:4567:890a",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "::ffff:192.0.2.128",
        "host=198.51.100.23,",
        "'172.16.254.1'",
    ),
}

NOT_PRIVATE = (
    *("primes 2 3 5 7 11 13 17 19 23 29 31 37", "Loss: 5 4 3 2 2 1 1 0 0 0 0 0 0 0", "4 874 410 400 503 906"),
    *("Order 4720-2026-198603 shipped", "C++11 2011 2012", "f(x)=x+12345678", "Grade A+ 1234567890", "1 + 12345678"),
    *("Google+ 2011 2012 2013 2014", "+100000000 downloads", "12 050 000 000 EUR", "revenue 3 045 600 000 dollars"),
    *("1 012 345 678 EUR", "Email is free at example.org", "My email is hosted at example.org"),
    "order no. 0012345678",
    "Order 4711-2298-1120",
    "Bestellnummer 0123456789",
    "2024-03-04",
    "04.03.2024",
    "01/02/2024",
    "01.02.2024 10.30",
    "09.00-17.00",
    "09:00-17:00",
    "14:30:05",
    "2024-03-04T14:30:00+01:00",
    "2019-2020",
    "ISO 27001:2013",
    "ISO/IEC 9001-2015",
    "DIN EN 60601-1-2",
    "version 1.2.3.4",
    "v10.4.2.1",
    "Chrome 120.0.6099.129 version",
    "1.234.567,89 EUR",
    "1,234,567.89",
    "$ 1 200 000",
    "12 345 678 people",
    "ISBN 978-3-16-148410-0",
    "9780306406157",
    "550e8400-e29b-41d4-a716-446655440000",
    "1709558400",
    "1709558400000",
    "react@18.2.0",
    "lodash@4.17.x",
    "git@github.com:org/repo.git",
    "@john_doe",
    "user@localhost",
    "std::vector<int>",
    "a::b",
    "12:30:45",
    "00:1A:2B:3C:4D:5E",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.0",
    "section 4.1.2.3",
    "52.520008, 13.404954",
    "SKU 4006381333931",
    "0.12345678",
    "invoice 2024-000123456",
    "call within 24 hours",
    "phone costs 1299 EUR",
    "ticket #0198765432",
    "3.14159265358979",
    "RFC 2822",
    "Python 3.11.4",
    "192.168.1",
    "the 1998-1999 season",
    "48 x 36 x 12",
    "US-12345",
    "AB12 cars",
    "DE 2024 report 12 pages",
    "tracking 1Z999AA10123456784",
    "PO-2024-0912",
    "555-1234 units?",
    "10-12-14",
    "200 300 4000",
    "7 + 49 = 56",
    "+12 %",
    "+5,000,000",
    "(0.5-1.5)",
    "0/10",
    "06/2024-08/2024",
    "temperature -20 to +40",
    "$0.0012345678",
    "call sign 12",
    "line 0123",
    "08.30–12.30 Uhr",
    "the years 2010-2020",
    "5 000 000 000",
    "2.5.1.12-4",
    "Article 12 (3) 2016/679",
    "EU 2016/679",
    "16:9",
    "@types/node@20.11.5",
    "W3C@2x.png",
    "price 0800.00",
)

HOSTILE = (
    "1" * 500_000,
    " " * 500_000,
    "1 " * 50_000,
    "4," * 50_000,
    "+1" * 50_000,
    "a@" * 250_000,
    "a@a." * 25_000,
    "a dot " * 20_000,
    "me at " * 20_000,
    "DE89 " * 20_000,
    "(0" * 50_000,
    "4111 " * 20_000,
    "tel " * 25_000,
    "0" + "1" * 60 + "a",
    ("tel 0" + "1" * 50 + "% ") * 1_000,
)


@pytest.mark.parametrize(("kind", "written"), [(kind, text) for kind, texts in PRIVATE.items() for text in texts])
def test_private_value_is_seen_and_named(kind: PrivateKind, written: str) -> None:
    text = f"Please note {written} for this."
    places = [(value.kind, text[value.start : value.end]) for value in private_values(text, EVERY_KIND)]
    counted = str.isdigit if kind == "phone" else str.isalnum
    asked = sum(map(counted, written))
    assert any(name == kind and sum(map(counted, place)) >= 0.4 * asked for name, place in places), places


@pytest.mark.parametrize("written", NOT_PRIVATE)
def test_other_text_is_left(written: str) -> None:
    text = f"Please note {written} for this."
    assert [text[value.start : value.end] for value in private_values(text, EVERY_KIND)] == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Call +1 555 234 5678 ext. 89 now", ["+1 555 234 5678", "89"]),
        ("4111 1111 1111 1111 12/27", ["4111 1111 1111 1111"]),
        ("030 1234567, 040 7654321", ["030 1234567", "040 7654321"]),
        ("Tel. 612 345 678 und 12 km", ["612 345 678"]),
        ("email=ann@example.com&phone=%2B", ["ann@example.com"]),
        ("Write to ann@example.com.", ["ann@example.com"]),
        ("030/1234567 from 10.0.0.1", ["030/1234567", "10.0.0.1"]),
    ],
)
def test_place_is_the_value_and_no_more(text: str, places: list[str]) -> None:
    assert [text[value.start : value.end] for value in private_values(text, EVERY_KIND)] == places


def test_account_number_is_no_telephone_number() -> None:
    only_phones = Redaction(kinds=("phone",))
    assert private_values("DE89 3704 0044 0532 0130 00 and 4111 1111 1111 1111", only_phones) == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:8]} {len(text)}")
def test_hostile_text_takes_little_time(text: str) -> None:
    began = time.process_time()
    private_values(text, EVERY_KIND)
    assert time.process_time() - began < 2.0
