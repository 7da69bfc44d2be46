//! The files that this crate and botocore read differently, each with the reason.
//!
//! Not responsible for comparing.

/// A pair of files that botocore and this crate read differently: the reason, both files, what
/// this crate says and what botocore says, a line a property.
pub(crate) type Difference =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// Lines of the tables below: `profile NAME`, `profile NAME KEY VALUE`, separated by tabs.
pub(crate) const DIFFERENCES: &[Difference] = &[
    (
        "a comment at the end of a property is a comment, as in every AWS SDK; botocore keeps it",
        "[default]\nregion = eu-west-1 # Dublin\n",
        "",
        &["profile\tdefault", "profile\tdefault\tregion\teu-west-1"],
        &["profile\tdefault", "profile\tdefault\tregion\teu-west-1 # Dublin"],
    ),
    (
        "so it is in a sub-property",
        "[default]\ns3 =\n  a = 1 # x\n",
        "",
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\ta\t1"],
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\ta\t1 # x"],
    ),
    (
        "only `=` divides a key from its value; for Python's configparser `:` does too",
        "[default]\na:b = c\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta:b\tc"],
        &["profile\tdefault", "profile\tdefault\ta\tb = c"],
    ),
    (
        "[profile default] replaces [default] in either order; in botocore the last one does",
        "[profile default]\na = 1\n[default]\na = 2\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1"],
        &["profile\tdefault", "profile\tdefault\ta\t2"],
    ),
    (
        "a blank line within a value is nothing; configparser keeps it",
        "[default]\na = 1\n\n  2\n",
        "",
        &["profile\tdefault", r"profile	default	a	1\n2"],
        &["profile\tdefault", r"profile	default	a	1\n\n2"],
    ),
    (
        "an indented comment continues a value, as in every AWS SDK; configparser drops it",
        "[default]\na = 1\n  # 2\n  3\n",
        "",
        &["profile\tdefault", r"profile	default	a	1\n# 2\n3"],
        &["profile\tdefault", r"profile	default	a	1\n3"],
    ),
    (
        "a section line can be indented; for configparser it then continues the value above",
        "[default]\na = 1\n  [profile b]\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1", "profile\tb"],
        &["profile\tdefault", r"profile	default	a	1\n[profile b]"],
    ),
    (
        "white space before the type is free; botocore does not know the type then",
        "[ profile a ]\nx = 1\n",
        "",
        &["profile\ta", "profile\ta\tx\t1"],
        &[],
    ),
    (
        "the first `]` ends a section line; for configparser the last one does",
        "[profile a] # ]\nx = 1\n",
        "",
        &["profile\ta", "profile\ta\tx\t1"],
        &[],
    ),
    (
        "a key is kept in lower case at every level; botocore leaves those of sub-properties alone",
        "[default]\ns3 =\n  Key = 1\n",
        "",
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\tkey\t1"],
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\tKey\t1"],
    ),
    (
        "lower case is that of ASCII, so that no key changes into another word; Python's is Unicode's",
        "[default]\nÄ = 1\n",
        "",
        &["profile\tdefault", "profile\tdefault\tÄ\t1"],
        &["profile\tdefault", "profile\tdefault\tä\t1"],
    ),
    (
        "a property whose name is not valid is ignored, as in the AWS SDKs; botocore takes any",
        "[default]\nb c = 1\n",
        "",
        &["profile\tdefault"],
        &["profile\tdefault", "profile\tdefault\tb c\t1"],
    ),
    (
        "a section whose name is not valid is ignored, as in the AWS SDKs; botocore takes any",
        "[profile a!]\nx = 1\n",
        "",
        &[],
        &["profile\ta!", "profile\ta!\tx\t1"],
    ),
    (
        "quotes stand around the whole name; botocore reads names as a shell does",
        "[profile foo\" \"bar]\nx = 1\n[profile a\\ b]\nx = 1\n",
        "",
        &[],
        &["profile\tfoo bar", "profile\tfoo bar\tx\t1", "profile\ta b", "profile\ta b\tx\t1"],
    ),
    (
        "the type is a word; for botocore whatever begins like it is one",
        "[profiles a]\nx = 1\n",
        "",
        &[],
        &["profile\ta", "profile\ta\tx\t1"],
    ),
    (
        "[profile X] and the like mean nothing in the credentials file; botocore takes it for a name",
        "",
        "[profile a]\nx = 1\n",
        &[],
        &["profile\tprofile a", "profile\tprofile a\tx\t1"],
    ),
    (
        "a name with spaces needs quotes everywhere; in the credentials file botocore knows no quotes",
        "",
        "[a b]\nx = 1\n[\"c d\"]\nx = 1\n",
        &["profile\tc d", "profile\tc d\tx\t1"],
        &["profile\ta b", "profile\ta b\tx\t1", "profile\t\"c d\"", "profile\t\"c d\"\tx\t1"],
    ),
    (
        "sections of one name merge, however it is quoted; for botocore the last one is all there is",
        "[profile a]\nx = 1\n[profile \"a\"]\ny = 2\n",
        "",
        &["profile\ta", "profile\ta\tx\t1", "profile\ta\ty\t2"],
        &["profile\ta", "profile\ta\ty\t2"],
    ),
    (
        "[DEFAULT] is any other section; configparser copies it into all",
        "[DEFAULT]\nx = 1\n[profile a]\n",
        "",
        &["profile\ta"],
        &["profile\ta", "profile\ta\tx\t1"],
    ),
    (
        "a blank is a space or a tab; Python's strip() takes every Unicode space",
        "[default]\na = 1\u{a0}\nb = 2\u{b}\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1\u{a0}", "profile\tdefault\tb\t2\u{b}"],
        &["profile\tdefault", "profile\tdefault\ta\t1", "profile\tdefault\tb\t2"],
    ),
    (
        "a line ends with LF or CRLF; Python's text files also end lines at a CR",
        "[default]\na = 1\rb = 2\n",
        "",
        &["profile\tdefault", r"profile	default	a	1\rb = 2"],
        &["profile\tdefault", "profile\tdefault\ta\t1", "profile\tdefault\tb\t2"],
    ),
    (
        "a sub-property ends where its line does; Python's splitlines() also ends lines at U+2028",
        "[default]\ns3 =\n  a = 1\u{2028}b = 2\n",
        "",
        &[
            "profile\tdefault",
            "profile\tdefault\ts3\t{}",
            "profile\tdefault\ts3\ta\t1\u{2028}b = 2",
        ],
        &[
            "profile\tdefault",
            "profile\tdefault\ts3\t{}",
            "profile\tdefault\ts3\ta\t1",
            "profile\tdefault\ts3\tb\t2",
        ],
    ),
    (
        "a comment alone after `=` is no value; botocore takes it for one",
        "[default]\na = # x\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t"],
        &["profile\tdefault", "profile\tdefault\ta\t# x"],
    ),
];
