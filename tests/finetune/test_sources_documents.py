"""FAQs in POD and in HTML: questions with the answers under them, code kept as code."""

import pytest
from source_data import read, written

from tasks.errors import BadInput

POD = """\
package Not::Pod; # code before the first command

=encoding utf8

=head1 FILES

A chapter's own words belong to no question.

=head2 How do I C<open> a file B<safely>?  Or I<read> it?
X<open> X<read>

Use three arguments, as in C<< open(my $fh, '<', $name) >>; see L<perlfunc/open> or
L<the site|https://example.org/x>. A E<lt>tagE<gt> and E<eacute>.

    open(my $fh, '<', $name)
        or die "no: $!";

    close($fh);

=over 4

=item *

The first point.

=item 2.

The second.

=item 3. Its own number, L</"here"> and L<perlre>

=item Named term

Its text.

=back

=begin html

<b>not text</b>

=end html

=for comment not text either

=head3 A part of the answer

The last words.

=head2 Nothing under this?

=head1 MORE FILES

Another chapter's own words.

=cut

sub code { }

=head2 3.1. Numbered?

Yes.
"""


def test_pod_questions_with_their_answers(tmp_path):
    rows, refused, _ = read("faq_pod", written(tmp_path / "a.pod", POD))
    assert [row["instruction"] for row in rows] == [
        "How do I open a file safely? Or read it?",
        "Numbered?",
    ]
    assert rows[0]["output"] == (
        "Use three arguments, as in open(my $fh, '<', $name); see \"open\" in perlfunc or the site "
        "(https://example.org/x). A <tag> and \xe9.\n\n"
        "```\nopen(my $fh, '<', $name)\n    or die \"no: $!\";\n\nclose($fh);\n```\n\n"
        '- The first point.\n\n2. The second.\n\n3. Its own number, "here" and perlre\n\n'
        "- Named term\n\nIts text.\n\n"
        "A part of the answer\n\nThe last words."
    )
    assert rows[0]["kind"] == "faq"
    assert [one.category for one in refused] == ["no answer"]
    assert "a.pod line 50" in refused[0].reason


def test_items_that_ask_are_questions(tmp_path):
    pod = (
        "=head1 FAQ\n\n=over\n\n=item Does it work?\n\nYes.\n\n=item Why?\n\nTry C<it>.\n\n=back\n"
    )
    rows, _, _ = read("faq_pod", written(tmp_path / "a.pod", pod))
    assert [(row["instruction"], row["output"]) for row in rows] == [
        ("Does it work?", "Yes."),
        ("Why?", "Try it."),
    ]


def test_code_with_fences_gets_a_longer_fence(tmp_path):
    pod = "=head2 How?\n\n  ```\n  inner\n  ```\n"
    (row,), _, _ = read("faq_pod", written(tmp_path / "a.pod", pod))
    assert row["output"] == "````\n```\ninner\n```\n````"


@pytest.mark.parametrize("content", ["just words\n", "=head1 Only a chapter\n\nwords\n"])
def test_a_file_without_questions_is_refused(tmp_path, content):
    with pytest.raises(BadInput, match="no =head2 and no question"):
        read("faq_pod", written(tmp_path / "a.pod", content))


HTML = """\
<!DOCTYPE html><html><head><title>no</title><meta charset="utf-8"></head><body>
<nav><ul><li><a href="#a">How do I mount it?</a></li></ul></nav>
<h1>Caf\xe9 FAQ</h1>
<h2 id="a">1.2. How do I
   mount <em>it</em>?<a class="headerlink" href="#a">\xb6</a></h2>
<p>Use <code>mount</code>:<!-- no --><script>alert(1)</script> then</p>
<pre>mount /dev/sdb1 \\
    /mnt &amp;&amp; ls</pre>
<ol><li>one<ul><li>nested</li></ul></li><li><p>two</p><p>more of two</p></li></ol>
tail text<br>and more
<dl><dt>term</dt><dd>its meaning</dd></dl>
<h3>Why a table?</h3><p>See:</p><table><tr><td>1</td><td>2</td></tr></table>
<h3>Empty?</h3>
<dl><dt>Is a term a question?</dt><dd>Yes.</dd><dt>And this?</dt><dd><p>Too.</p></dd></dl>
<footer><p>Made by nobody</p></footer></body></html>
"""


def test_html_questions_with_their_answers(tmp_path):
    rows, refused, figures = read("faq_html", written(tmp_path / "a.html", HTML))
    assert [row["instruction"] for row in rows] == [
        "How do I mount it?",
        "Is a term a question?",
        "And this?",
    ]
    assert rows[0]["output"] == (
        "Use mount: then\n\n"
        "```\nmount /dev/sdb1 \\\n    /mnt && ls\n```\n\n"
        "1. one\n  - nested\n2. two\n\n  more of two\n\n"
        "tail text and more\n\n- term\n\nits meaning"
    )
    assert [row["output"] for row in rows[1:]] == ["Yes.", "Too."]
    assert sorted(one.category for one in refused) == [
        "no answer",
        "no answer",
        "table in the answer",
    ]
    assert figures.files[0]["encoding"] == "utf-8"


@pytest.mark.parametrize("declares", [True, False])
def test_pages_in_older_encodings(tmp_path, declares):
    head = '<head><meta charset="iso-8859-2"></head>' if declares else ""
    page = f"<html>{head}<body><h2>W?</h2><p>\u0142\xf3</p></body></html>"
    path = written(tmp_path / "a.html", page, "iso-8859-2")
    (row,), _, _ = read("faq_html", path)
    assert row["output"] == ("\u0142\xf3" if declares else "\xb3\xf3")


def test_a_page_without_headings_and_one_too_deep(tmp_path):
    with pytest.raises(BadInput, match="no heading and no term"):
        read("faq_html", written(tmp_path / "a.html", "<p>words</p>"))
    deep = "<h2>Deep?</h2>" + "<div>" * 5000 + "words" + "</div>" * 5000
    with pytest.raises(BadInput, match=r"b\.html .* breaks off in line 1 \(Excessive depth"):
        read("faq_html", written(tmp_path / "b.html", deep))


def test_markup_in_text_stays_text(tmp_path):
    page = "<h2>What does &lt;b&gt; do?</h2><p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    (row,), _, _ = read("faq_html", written(tmp_path / "a.html", page))
    assert row["instruction"] == "What does <b> do?"
    assert row["output"] == "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("4.1. Why?", "Why?"),
        ("3) Why?", "Why?"),
        ("Q12: Why?", "Why?"),
        ("Q: Why?", "Why?"),
        ("1.1 Why?", "Why?"),
        ("2.4 kernels and me", "2.4 kernels and me"),
        ("3 ways to fail", "3 ways to fail"),
        ("Quick start?", "Quick start?"),
    ],
)
def test_numbers_before_questions_go_and_others_stay(tmp_path, heading, question):
    path = written(tmp_path / "a.html", f"<h2>{heading}</h2><p>Words.</p>")
    (row,), _, _ = read("faq_html", path)
    assert row["instruction"] == question
