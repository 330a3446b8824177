"""Tests of cpmgw.cpm.html."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.html import MAX_HTML, html_text

# Markup to be put together at random.
PIECES = str.split(
    "<p> </p> <b> </b> <ul> </ul> <ol> <li> </li> <pre> </pre> <a> </a> <table> <tr> "
    "<td> <br> text &amp; <a_href='http://x'> <!-- -->"
)


class TextTests(SynchronousTestCase):
    """What a person reads in an HTML message."""

    def assertText(self, html: str, text: str) -> None:
        """The HTML reads as this text."""
        self.assertEqual(html_text(html), text)

    def test_inline(self) -> None:
        """Inline markup leaves no trace, references are resolved."""
        self.assertText("Hi <b>you</b> &amp; <i>me</i>&hellip;", "Hi you & me…")

    def test_white_space(self) -> None:
        """White space is one space; a no-break space is kept as one."""
        self.assertText("  a \n\t b<b> c</b> <i>d</i> \n", "a b c d")
        self.assertText("a&nbsp;&nbsp;b", "a  b")
        self.assertText("日本\u3000語", "日本\u3000語")

    def test_break(self) -> None:
        """br ends a line, two of them leave an empty one."""
        self.assertText("a<br>b<br/>\n c<br><br><br>d", "a\nb\nc\n\nd")

    def test_paragraphs(self) -> None:
        """Paragraphs and headings are set apart by an empty line."""
        self.assertText("<h1>T</h1><p>a</p>\n<p>b", "T\n\na\n\nb")

    def test_blocks(self) -> None:
        """Blocks stand on lines of their own."""
        self.assertText("a<div>b<div>c</div></div>d", "a\nb\nc\nd")

    def test_lists(self) -> None:
        """Items have a dash or a number."""
        self.assertText(
            "x<ul><li>a<li><p>b</p></ul><ol><li>c<li>d<ul><li>e</ul></ol>",
            "x\n- a\n- b\n\n1. c\n2. d\n- e",
        )

    def test_links(self) -> None:
        """A link has its address behind it, once."""
        for html, text in (
            ('<a href="https://x.example/a">See</a>!', "See (https://x.example/a)!"),
            ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
            ('<a href="http://x.example/">x.example</a>', "x.example"),
            ('<a href="mailto:a@x">Ann</a>', "Ann (a@x)"),
            ('<a href="tel:+1514">+1514</a>', "+1514"),
            ('a <a href="https://x.example/"></a>', "a https://x.example/"),
            ('<a href="#top">Up</a> <a>here</a>', "Up here"),
            ('<a href="javascript:x()">Go</a>', "Go"),
        ):
            self.assertText(html, text)

    def test_tables(self) -> None:
        """A row is a line, its cells set apart by a space."""
        self.assertText("<table><tr><th>a<td>b<tr><td>c<td>d</table>", "a b\nc d")

    def test_preformatted(self) -> None:
        """pre keeps its lines and spaces."""
        self.assertText("a<pre>b\n  c</pre>d", "a\nb\n  c\nd")

    def test_not_text(self) -> None:
        """Titles, scripts, styles and comments are not text; alt texts are."""
        self.assertText(
            "<!DOCTYPE html><head><title>t</title><STYLE>s{}</Style ></head>a"
            '<script>b("</p>")</script><!-- c --><!--><img src="x" alt="picture">'
            "<template>d<template>e</template>f</template><?x?></ >",
            "apicture",
        )

    def test_attributes(self) -> None:
        """Attributes are quoted or not, and may hold what looks like markup."""
        for source in (
            "href=https://x/?a&amp;b>",
            "href = 'https://x/?a&b' >",
            'title="a>b" HREF="https://x/?a&amp;b" href="https://y">',
            "title=it's href='https://x/?a&b'>",
        ):
            self.assertText(f"<a {source}l</a>", "l (https://x/?a&b)")

    def test_nothing(self) -> None:
        """Nothing to read is an empty text."""
        for html in ("", " ", "<p></p>", "<img src=x>"):
            self.assertText(html, "")

    def test_broken(self) -> None:
        """Markup that is not closed is read all the same."""
        self.assertText("<p>a<b>b</i>c &lt d < e</ul>f<p <b", "abc < d < ef")


class LimitTests(SynchronousTestCase):
    """Hostile documents."""

    def test_size(self) -> None:
        """The limit of characters is kept."""
        html_text("x" * MAX_HTML)
        self.assertRaises(ValueError, html_text, "x" * (MAX_HTML + 1))

    def test_time(self) -> None:
        """What costs a tree builder gigabytes or minutes costs nothing here."""
        for html in (
            "<p>" + "".join(f"<b id={n}>" for n in range(9_000)) + "<p>x" * 30_000,
            "<div>" * 50_000,
            "<p " + "".join(f"a{n}=1 " for n in range(20_000)) + ">",
            "<a " * 80_000,
            '<a b="c ' * 30_000,
            "<a b='\"" * 30_000,
            "<!--" * 60_000,
            "</" * 120_000,
            "<script>" * 30_000,
            "<script></scrip" * 15_000,
            "<svg>" * 50_000,
            "&" * 260_000,
            "<ul>" * 30_000 + "<li>" * 30_000,
            "<a href=http://x>" * 15_000,
        ):
            started = time.process_time()
            html_text(html)
            self.assertLess(time.process_time() - started, 1.5, html[:20])

    def test_references(self) -> None:
        """A number that is no character does no harm, however long."""
        self.assertEqual(html_text("&#x1F600;"), "😀")
        self.assertLessEqual(len(html_text("&#9999999;")), 1)
        self.assertLessEqual(len(html_text("&#" + "9" * 9_000 + ";")), 1)

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(
            st.sampled_from(PIECES),
            max_size=30,
        )
    )
    def test_any_markup(self, pieces: list[str]) -> None:
        """Any markup is read, and no tag is left in the text."""
        text = html_text("".join(pieces).replace("_", " "))
        self.assertNotIn("<", text)
