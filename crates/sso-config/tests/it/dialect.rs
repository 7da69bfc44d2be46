//! The rules of the dialect, one case each, in the order in which they are written down.

use crate::show::{parse, show};

/// Cases of a rule: config file, credentials file, what is understood.
type Case = (&'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (config, credentials, expected) in cases {
        assert_eq!(show(config, credentials).trim_end(), *expected, "{config:?} {credentials:?}");
    }
}

const IGNORED: &str =
    "this file holds [default], [profile NAME], [sso-session NAME] and [services NAME]";

#[test]
fn lines_end_with_lf_or_crlf_and_a_byte_order_mark_is_accepted() {
    check(&[
        ("[default]\na=1\nb=2", "", r#"profile default: a="1", b="2""#),
        ("[default]\r\na=1\r\nb=2\r\n c\r\n\r\n", "", r#"profile default: a="1", b="2\nc""#),
        ("\u{feff}[default]\na=1\n", "\u{feff}[b]\n", "profile b\nprofile default: a=\"1\""),
        ("", "", ""),
        ("\n\n", "\r\n", ""),
    ]);
}

#[test]
fn white_space_around_and_inside_a_section_line_is_free_and_a_comment_can_follow() {
    check(&[
        ("[ \tprofile \t a\t ]  \na=1", "", r#"profile a: a="1""#),
        ("  [profile a]\na=1", "", r#"profile a: a="1""#),
        ("[profile a] # text\na=1", "", r#"profile a: a="1""#),
        ("[profile a]; text ]", "", "profile a"),
        ("[profile a]#", "[ b ]#", "profile a\nprofile b"),
        ("[profile a] # ]x", "", "profile a"),
        (
            "[profile a] text",
            "",
            "error: config line 1: only a comment can follow the \"]\" of a section; put anything else on a line of its own",
        ),
        (
            "\n[profile a",
            "",
            "error: config line 2: a section line without \"]\"; write it as [profile NAME]",
        ),
        (
            "",
            "[a # ]x",
            "error: credentials line 1: only a comment can follow the \"]\" of a section; put anything else on a line of its own",
        ),
        ("[default]\na=1\n  [profile b]\n", "", "profile b\nprofile default: a=\"1\""),
        (
            "  [profile b",
            "",
            "error: config line 1: a section line without \"]\"; write it as [profile NAME]",
        ),
    ]);
}

#[test]
fn sections_of_the_config_file() {
    check(&[
        (
            "[default]\n[profile a]\n[sso-session a]\n[services a]",
            "",
            "profile a\nprofile default\nsso-session a\nservices a",
        ),
        ("[profile default]\na=1", "", r#"profile default: a="1""#),
    ]);
    for ignored in
        ["a", "plugins", "profile", "Default", "PROFILE a", "connection a", "profilea b", ""]
    {
        assert_eq!(
            show(&format!("[{ignored}]\na=1\n[profile b]"), ""),
            format!(
                "profile b\nwarning: the section [{ignored}] is ignored, config line 1: {IGNORED}\n"
            ),
        );
    }
}

#[test]
fn profile_default_replaces_default_wholly_in_either_order() {
    let replaced = |line| {
        format!(
            "profile default: a=\"2\"\nwarning: the section [default] is ignored, config line \
             {line}: [profile default] replaces it\n"
        )
    };
    assert_eq!(show("[default]\na=1\nb=1\n[profile default]\na=2", ""), replaced(1));
    assert_eq!(show("[profile default]\na=2\n[default]\na=1\nb=1", ""), replaced(3));
    assert_eq!(show("[default]\nb=1\n[profile 'default']\na=2", ""), replaced(1));
    check(&[("[default]\na=1", "[default]\nb=2", r#"profile default: a="1", b="2""#)]);
}

#[test]
fn sections_of_the_credentials_file() {
    check(&[(
        "",
        "[default]\na=1\n[b]\n[profile]",
        "profile b\nprofile default: a=\"1\"\nprofile profile",
    )]);
    for ignored in ["profile a", "sso-session a", "services a"] {
        assert_eq!(
            show("", &format!("[{ignored}]\na=1")),
            format!(
                "warning: the section [{ignored}] is ignored, credentials line 1: the credentials \
                 file holds [NAME], the name of a profile by itself\n"
            ),
        );
    }
}

#[test]
fn names_are_letters_digits_and_some_marks_or_also_spaces_in_quotes() {
    check(&[
        ("[profile aZ09_-/.%@:+]", "[aZ09_-/.%@:+]\n", "profile aZ09_-/.%@:+"),
        ("[profile büro]", "", "profile büro"),
        ("[profile \"foo bar\"]\na=1", "['foo bar']\nb=2", r#"profile foo bar: a="1", b="2""#),
        ("[sso-session 'foo bar']\n[services  \"a\" ]", "", "sso-session foo bar\nservices a"),
        ("[profile A]\n[profile a]", "", "profile A\nprofile a"),
    ]);
    let invalid = [
        "profile foo bar",
        "profile a!",
        "profile \"a",
        "profile \"\"",
        "profile a\u{a0}b",
        "sso-session a$",
        "services *",
        "profile \"a\" b",
    ];
    for header in invalid {
        assert_eq!(
            show(&format!("[{header}]\na=1\n[profile b]"), ""),
            format!(
                "profile b\nwarning: the section [{header}] is ignored, config line 1: its name \
                 is not a valid one (letters, digits and _-/.%@:+, with spaces only in quotes)\n"
            ),
        );
    }
    assert!(show("", "[foo bar]").contains("credentials line 1: its name is not a valid one"));
    assert!(show("", "[]").contains("credentials line 1: its name is not a valid one"));
}

#[test]
fn property_names_use_the_same_characters() {
    check(&[
        ("[default]\naZ0_-/.%@:+=1", "", r#"profile default: az0_-/.%@:+="1""#),
        (
            "[default]\na=1\nb c=2\n  more\nd=3",
            "",
            "profile default: a=\"1\", d=\"3\"\nwarning: a property is ignored, config line 3: its name holds ' ' (letters, digits and _-/.%@:+ can stand in it)",
        ),
        (
            "[default]\ns3=\n a!=1\n b=2",
            "",
            "profile default: s3={b=\"2\"}\nwarning: a property is ignored, config line 3: its name holds '!' (letters, digits and _-/.%@:+ can stand in it)",
        ),
    ]);
}

#[test]
fn blanks_are_space_and_tab_only() {
    check(&[
        (
            "[default]\n\ta = 1",
            "",
            "error: config line 2: an indented line continues the property above it, and there is none; remove the indent",
        ),
        (
            "[default]\na =\t 1\t \n \t \nb=\u{a0}2\u{2003}",
            "",
            "profile default: a=\"1\", b=\"\\u{a0}2\\u{2003}\"",
        ),
        ("[default]\na=1\u{b}\u{c}", "", r#"profile default: a="1\u{b}\u{c}""#),
        ("[default]\na=1\u{a0}# no comment", "", "profile default: a=\"1\\u{a0}# no comment\""),
        (
            "[default]\n\u{c}",
            "",
            "error: config line 2: a line without \"=\"; write it as KEY = VALUE, begin it with \"#\" to make it a comment, or with a space to continue the value above",
        ),
    ]);
}

#[test]
fn comments_begin_a_line_or_follow_a_blank() {
    check(&[
        ("# text\n; text\n[default]\n#a=1\n;a=2\na=3", "", r#"profile default: a="3""#),
        (
            "[default]\nu=https://x/start#/\nv=a;b\nw=a#b # c",
            "",
            r#"profile default: u="https://x/start#/", v="a;b", w="a#b""#,
        ),
        (
            "[default]\na = 1 # x\nb = 2\t; x\nc = 3 #\nd = # x\ne =#x\nf = #x",
            "",
            r##"profile default: a="1", b="2", c="3", d="", e="#x", f="""##,
        ),
        (
            "[default]\na # b = 1",
            "",
            "error: config line 2: a line without \"=\"; write it as KEY = VALUE, begin it with \"#\" to make it a comment, or with a space to continue the value above",
        ),
        (
            "[default]\n  # an indented one is none, and here it continues nothing\na=1",
            "",
            "error: config line 2: an indented line continues the property above it, and there is none; remove the indent",
        ),
    ]);
}

#[test]
fn a_property_is_split_at_the_first_equals_sign_and_its_key_kept_in_lower_case() {
    check(&[
        (
            "[default]\na=b=c\n A_Key =  Value X  ",
            "",
            r#"profile default: a="b=c\nA_Key =  Value X""#,
        ),
        ("[default]\nA_Key =  Value X  \nd==e", "", r#"profile default: a_key="Value X", d="=e""#),
        ("[default]\na =\nb=", "", r#"profile default: a="", b="""#),
        ("[default]\nR=a\nr=b", "", r#"profile default: r="b""#),
        (
            "[default]\n = 1",
            "",
            "error: config line 2: an indented line continues the property above it, and there is none; remove the indent",
        ),
        (
            "[default]\n= 1",
            "",
            "error: config line 2: nothing stands before the \"=\"; write it as KEY = VALUE",
        ),
        (
            "a = 1\n[default]",
            "",
            "error: config line 1: a property before any section; put a section line such as [default] above it",
        ),
        (
            "",
            "\n\na = 1",
            "error: credentials line 3: a property before any section; put a section line such as [default] above it",
        ),
        (
            " a",
            "",
            "error: config line 1: an indented line continues the property above it, and there is none; remove the indent",
        ),
    ]);
    let error = parse("[default]\nwJalrXUtnFEMI", "").unwrap_err();
    assert_eq!((error.file().to_str(), error.line()), (Some("config"), Some(2)));
    assert!(!error.to_string().contains("wJalr"), "a line may be a secret: {error}");
}

#[test]
fn an_indented_line_continues_the_property_above() {
    check(&[
        ("[default]\na = 1\n  2  \n\t3", "", r#"profile default: a="1\n2\n3""#),
        (
            "[default]\na = 1 # x\n  2 # y\n  # z\n ; w",
            "",
            r#"profile default: a="1\n2 # y\n# z\n; w""#,
        ),
        ("[default]\na = 1\n\n# text\n  \n  2", "", r#"profile default: a="1\n2""#),
        ("[default]\na = 1\n b = 2\nc=3", "", r#"profile default: a="1\nb = 2", c="3""#),
        (
            "[default]\na=1\n[profile b]\n  2",
            "",
            "error: config line 4: an indented line continues the property above it, and there is none; remove the indent",
        ),
        ("[default]\na=1\n [1, 2], 3", "", r#"profile default: a="1\n[1, 2], 3""#),
    ]);
}

#[test]
fn below_an_empty_value_stand_sub_properties() {
    check(&[
        (
            "[default]\ns3 =\n  A = 1\n\tb=2=3 # x\nr=1",
            "",
            r#"profile default: r="1", s3={a="1", b="2=3"}"#,
        ),
        (
            "[default]\ns3 = # x\n  a =\n\n#\n  # x\n  b = 2\n  b = 3",
            "",
            r#"profile default: s3={a="", b="3"}"#,
        ),
        ("[default]\nregion =\n  # x\n  ; y\na=1", "", r#"profile default: a="1", region="""#),
        (
            "[default]\ns3 =\n  text",
            "",
            "error: config line 3: a line without \"=\" below a property with an empty value; write it as KEY = VALUE, or put the value on the line of the property",
        ),
        (
            "[default]\ns3 =\n  = 1",
            "",
            "error: config line 3: nothing stands before the \"=\" of a nested property; write it as KEY = VALUE",
        ),
        (
            "[plugins]\ns3 =\n  text",
            "",
            "error: config line 3: a line without \"=\" below a property with an empty value; write it as KEY = VALUE, or put the value on the line of the property",
        ),
    ]);
    let config = parse("[default]\ns3 =\n  a = 1 # x\n  # y\n", "").unwrap();
    let s3 = config.profile("default").unwrap().get("s3").unwrap();
    assert_eq!(s3.value(), "\na = 1 # x");
    assert_eq!(s3.sub("a").unwrap().origin().to_string(), "config line 3");
}

#[test]
fn what_is_ignored_is_checked_all_the_same() {
    for config in ["[plugins]\nx", "[profile a!]\nx", "[plugins]\n x", "[plugins]\n=x"] {
        assert!(show(config, "").starts_with("error: config line 2: "), "{config}");
    }
}

#[test]
fn sections_merge_the_last_counts_and_the_credentials_file_wins() {
    check(&[
        (
            "[profile a]\nx=1\ny=1\n[profile b]\n[profile a]\ny=2\nz=2",
            "",
            "profile a: x=\"1\", y=\"2\", z=\"2\"\nprofile b",
        ),
        ("[profile a]\nx=1\nx=2\nX=3", "", r#"profile a: x="3""#),
        (
            "[profile a]\nx=1\ny=1\n[sso-session a]\nx=0",
            "[a]\ny=2\nz=2",
            "profile a: x=\"1\", y=\"2\", z=\"2\"\nsso-session a: x=\"0\"",
        ),
        ("[profile a]\ns3=\n x=1\n y=1", "[a]\ns3=\n x=2", r#"profile a: s3={x="2"}"#),
        ("[sso-session a]\nx=1\n[sso-session a]\nx=2", "", r#"sso-session a: x="2""#),
    ]);
}

#[test]
fn every_property_knows_its_file_and_line() {
    let config = parse("\n[profile a]\nx=1\n\ny=1\n 2\r\nz=1", "[b]\n[a]\nz=2").unwrap();
    let a = config.profile("a").unwrap();
    assert_eq!(a.origin().to_string(), "config line 2");
    let origins: Vec<_> = a.properties().map(|property| property.origin().to_string()).collect();
    assert_eq!(origins, ["config line 3", "config line 5", "credentials line 3"]);
    assert_eq!(config.profile("b").unwrap().origin().to_string(), "credentials line 1");
    assert!(config.profile("c").is_none() && config.sso_session("a").is_none());
}

#[test]
fn debug_shows_no_value() {
    let config = parse("", "[a]\naws_secret_access_key = MARK\n[b]\nMARK x = 1").unwrap();
    let profile = config.profile("a").unwrap();
    let secret = profile.get("aws_secret_access_key").unwrap();
    assert!(secret.is_secret() && secret.value() == "MARK");
    let shown = format!("{config:?} {profile:?} {secret:?}");
    assert!(shown.contains("aws_secret_access_key") && !shown.contains("MARK"), "{shown}");
}
