//! The files that this crate and botocore read differently, each with the reason.

/// A pair of files that botocore and this crate read differently: the reason, both files, what
/// this crate reads and what botocore reads, one line per property.
pub(crate) type Difference =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// A pair of files that botocore refuses as a whole: the reason, both files, what this crate reads.
pub(crate) type ReadOn = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// Lines of the tables below: `profile NAME`, `profile NAME KEY VALUE`, separated by tabs.
pub(crate) const DIFFERENCES: &[Difference] = &[
    (
        "a comment behind a value is a comment, as in every AWS SDK; botocore keeps it",
        "[default]\nregion = eu-west-1 # Dublin\n",
        "",
        &["profile\tdefault", "profile\tdefault\tregion\teu-west-1"],
        &["profile\tdefault", "profile\tdefault\tregion\teu-west-1 # Dublin"],
    ),
    (
        "the same in a sub-property",
        "[default]\ns3 =\n  a = 1 # x\n",
        "",
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\ta\t1"],
        &["profile\tdefault", "profile\tdefault\ts3\t{}", "profile\tdefault\ts3\ta\t1 # x"],
    ),
    (
        "the same, for an empty value",
        "[default]\na = # x\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t"],
        &["profile\tdefault", "profile\tdefault\ta\t# x"],
    ),
    (
        "the same behind a section: it ends at the `]` before the comment, not at the last `]`",
        "[profile a] # ]\nx = 1\n",
        "",
        &["profile\ta", "profile\ta\tx\t1"],
        &[],
    ),
    (
        "[profile default] replaces [default] in either order; in botocore the last one does",
        "[profile default]\na = 1\n[default]\na = 2\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1"],
        &["profile\tdefault", "profile\tdefault\ta\t2"],
    ),
    (
        "a section line can be indented; for configparser it then continues the value above",
        "[default]\na = 1\n  [profile b]\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1", "profile\tb"],
        &["profile\tdefault", r"profile	default	a	1\n[profile b]"],
    ),
    (
        "the type of a section must match exactly; botocore looks at its beginning",
        "[profiles a]\nx = 1\n",
        "",
        &[],
        &["profile\ta", "profile\ta\tx\t1"],
    ),
    (
        "blanks before the type do not count; botocore does not know the type then",
        "[ profile a ]\nx = 1\n",
        "",
        &["profile\ta", "profile\ta\tx\t1"],
        &[],
    ),
    (
        "blanks around a name in the credentials file do not count; for botocore they do",
        "",
        "[ a ]\nx = 1\n",
        &["profile\ta", "profile\ta\tx\t1"],
        &["profile\t a ", "profile\t a \tx\t1"],
    ),
    (
        "[profile X] and the like have no meaning in the credentials file; for botocore it is a name",
        "",
        "[profile a]\nx = 1\n",
        &[],
        &["profile\tprofile a", "profile\tprofile a\tx\t1"],
    ),
    (
        "a name is not empty and has no control characters; botocore takes any",
        "[profile '']\nx = 1\n[profile a\u{1}]\n",
        "",
        &[],
        &["profile\t", "profile\t\tx\t1", "profile\ta\u{1}"],
    ),
    (
        "a property whose key holds other characters is ignored; botocore takes any",
        "[default]\nb c = 1\n",
        "",
        &["profile\tdefault"],
        &["profile\tdefault", "profile\tdefault\tb c\t1"],
    ),
    (
        "lower case is that of ASCII; Python's is Unicode's",
        "[default]\nÄ = 1\n",
        "",
        &["profile\tdefault", "profile\tdefault\tÄ\t1"],
        &["profile\tdefault", "profile\tdefault\tä\t1"],
    ),
    (
        "only space and tab indent; in Python every Unicode space does",
        "[default]\na = 1\n\u{a0}b = 2\n",
        "",
        &["profile\tdefault", "profile\tdefault\ta\t1", "profile\tdefault\tb\t2"],
        &["profile\tdefault", r"profile	default	a	1\nb = 2"],
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
];

/// Botocore refuses the whole file, and with it every profile.
pub(crate) const READ_ON: &[ReadOn] = &[
    (
        "a line without `=`",
        "[profile a]\n<<<<<<< HEAD\n[profile b]\nx = 1\n",
        "",
        &["profile\ta", "profile\tb", "profile\tb\tx\t1"],
    ),
    (
        "nothing before the `=`",
        "[profile a]\n= 1\n[profile b]\nx = 1\n",
        "",
        &["profile\ta", "profile\tb", "profile\tb\tx\t1"],
    ),
    (
        "a line without `=` below a property with an empty value",
        "[profile a]\ns3 =\n  x\n[profile b]\nx = 1\n",
        "",
        &["profile\ta", "profile\ta\ts3\t", "profile\tb", "profile\tb\tx\t1"],
    ),
    (
        "a section line without `]`",
        "[profile a\n[profile b]\nx = 1\n",
        "",
        &["profile\tb", "profile\tb\tx\t1"],
    ),
    ("an empty section line", "[]\n[profile b]\nx = 1\n", "", &["profile\tb", "profile\tb\tx\t1"]),
    (
        "a property before the first section",
        "y = 1\n[profile b]\nx = 1\n",
        "",
        &["profile\tb", "profile\tb\tx\t1"],
    ),
    (
        "a section twice",
        "[profile b]\nx = 1\n[profile b]\ny = 1\n",
        "",
        &["profile\tb", "profile\tb\tx\t1", "profile\tb\ty\t1"],
    ),
    ("a property twice", "[profile b]\nx = 1\nx = 2\n", "", &["profile\tb", "profile\tb\tx\t2"]),
    ("a byte order mark", "\u{feff}[profile b]\n", "", &["profile\tb"]),
    ("a credentials file like that", "[profile b]\n", "x", &["profile\tb"]),
];
