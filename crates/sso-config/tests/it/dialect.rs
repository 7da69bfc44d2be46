//! The rules of the dialect, in the order in which the crate's documentation lists them.

use crate::show::{parse, show};

/// Cases of a rule: config file, credentials file, the parsed content.
type Case = (&'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (config, credentials, expected) in cases {
        assert_eq!(show(config, credentials).trim_end(), *expected, "{config:?} {credentials:?}");
    }
}

/// The warnings of a config file, one per line.
fn warnings(config: &str) -> String {
    let parsed = parse(config, "").unwrap();
    parsed.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_end_with_lf_crlf_or_cr_and_a_byte_order_mark_is_accepted() {
    check(&[
        ("[default]\na=1\nb=2", "", r#"profile default: a="1", b="2""#),
        ("[default]\r\na=1\r\nb=2\r\n c\r\n\r\n", "", r#"profile default: a="1", b="2\nc""#),
        ("[default]\ra=1\rb=2\r", "", r#"profile default: a="1", b="2""#),
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
        ("[profile a]; text", "", "profile a"),
        ("[profile a]#", "[ b ]#", "profile a\nprofile b"),
        ("[profile a] # ]x", "", "profile a"),
        ("[default]\na=1\n  [profile b]\n", "", "profile b\nprofile default: a=\"1\""),
        (
            "[profile a] /* text */\nb=1",
            "",
            "profile a: b=\"1\"\nwarning: config line 1: the text after the \"]\" is ignored; begin it with \" #\" to make it a comment",
        ),
    ]);
}

#[test]
fn a_section_line_without_its_bracket_is_ignored_with_the_lines_below_it() {
    check(&[
        (
            "[profile a]\nx=1\n[profile b\nx=2\ny\n[profile c]\nx=3",
            "",
            "profile a: x=\"1\"\nprofile c: x=\"3\"\nwarning: config line 3: the section [profile b is ignored: it has no \"]\"; end the section line with \"]\"",
        ),
        (
            "  [profile b",
            "",
            "warning: config line 1: the section [profile b is ignored: it has no \"]\"; end the section line with \"]\"",
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
    for (ignored, remedy) in [
        ("a", "if it is a profile, write [profile a]"),
        ("'a b'", "if it is a profile, write [profile 'a b']"),
        ("profile", "if it is a profile, write [profile profile]"),
        ("Default", "if it is a profile, write [profile Default]"),
        ("connection a", "if it is a profile, write [profile \"connection a\"]"),
        ("Profile a", "write [profile a]"),
        ("profilea b", "write [profile b]"),
        ("sso_session b", "write [sso-session b]"),
        ("", "if it is a profile, write [profile \"\"]"),
    ] {
        assert_eq!(
            warnings(&format!("[{ignored}]\na=1\nb\n[profile b]")),
            format!(
                "config line 1: the section [{ignored}] is ignored: the config file can contain only \
                 [default], [profile NAME], [sso-session NAME] and [services NAME]; {remedy}"
            ),
        );
    }
}

#[test]
fn profile_default_replaces_default_wholly_in_either_order() {
    let replaced = |line, by| {
        format!(
            "profile default: a=\"2\"\nwarning: config line {line}: the section [default] is \
             ignored: [profile default] at line {by} replaces it; remove one of the two\n"
        )
    };
    assert_eq!(show("[default]\na=1\nb=1\n[profile default]\na=2", ""), replaced(1, 4));
    assert_eq!(show("[profile default]\na=2\n[default]\na=1\nb=1", ""), replaced(3, 1));
    check(&[("[default]\na=1", "[default]\nb=2", r#"profile default: a="1", b="2""#)]);
}

#[test]
fn a_later_spelling_of_a_name_replaces_an_earlier_one() {
    check(&[(
        "[profile a]\nx=1\n[profile 'a']\ny=2",
        "",
        "profile a: y=\"2\"\nwarning: config line 1: the section [profile a] is ignored: [profile 'a'] at line 3 replaces it; remove one of the two",
    )]);
}

#[test]
fn section_names_of_the_credentials_file_have_no_prefix() {
    check(&[
        (
            "",
            "[default]\na=1\n[b]\n[profile]\n[My Account]\n['q']",
            "profile 'q'\nprofile My Account\nprofile b\nprofile default: a=\"1\"\nprofile profile",
        ),
        (
            "[profile \"My Account\"]\na=1",
            "[My Account]\nb=2",
            r#"profile My Account: a="1", b="2""#,
        ),
    ]);
    let in_config = "move the section to the config file";
    let profile = "write [a], or move the section to the config file";
    for (ignored, remedy) in
        [("profile a", profile), ("sso-session a", in_config), ("services a", in_config)]
    {
        assert_eq!(
            show("", &format!("[{ignored}]\na=1")),
            format!(
                "warning: credentials line 1: the section [{ignored}] is ignored: the credentials \
                 file can contain only [NAME], where NAME is the name of a profile; {remedy}\n"
            ),
        );
    }
}

#[test]
fn names_are_parsed_as_words_of_shlex() {
    check(&[
        ("[profile aZ09_-/.%@:+]", "[aZ09_-/.%@:+]\n", "profile aZ09_-/.%@:+"),
        ("[profile büro]\n[profile R&D]", "", "profile R&D\nprofile büro"),
        ("[profile Org-[production]/Role]\na=1", "", r#"profile Org-[production]/Role: a="1""#),
        ("[profile \"foo bar\"]\na=1", "[foo bar]\nb=2", r#"profile foo bar: a="1", b="2""#),
        (
            "[sso-session 'acme (prod)']\n[services  \"a\" ]",
            "",
            "sso-session acme (prod)\nservices a",
        ),
        (
            "[profile 'x']\n[profile a\\ b]\n[profile c' 'd]",
            "",
            "profile a b\nprofile c d\nprofile x",
        ),
        ("[profile A]\n[profile a]", "", "profile A\nprofile a"),
    ]);
    for (header, warning) in [
        (
            "profile My Account",
            "the section [profile My Account] is ignored: a name with a space in it must be in quotes; write it as [profile \"My Account\"]",
        ),
        (
            "profile \"a",
            "the section [profile \"a] is ignored: a quote in its name is not closed; write it as [profile NAME], with NAME in quotes if needed",
        ),
        (
            "sso-session 'a",
            "the section [sso-session 'a] is ignored: a quote in its name is not closed; write it as [sso-session NAME], with NAME in quotes if needed",
        ),
        (
            "services \"\"",
            "the section [services \"\"] is ignored: it has no name; write it as [services NAME], with NAME in quotes if needed",
        ),
        (
            "profile ''",
            "the section [profile ''] is ignored: it has no name; write it as [profile NAME], with NAME in quotes if needed",
        ),
        (
            "profile a\u{7}",
            r"the section [profile a\u{7}] is ignored: its name holds the control character '\u{7}'; write it as [profile NAME], with NAME in quotes if needed",
        ),
    ] {
        assert_eq!(warnings(&format!("[{header}]\na=1")), format!("config line 1: {warning}"));
    }
}

#[test]
fn keys_are_letters_digits_and_some_marks() {
    check(&[
        ("[default]\naZ0_-/.%@+=1", "", r#"profile default: az0_-/.%@+="1""#),
        (
            "[default]\na=1\nb c=2\n  more\nd=3",
            "",
            "profile default: a=\"1\", d=\"3\"\nwarning: config line 3: a property is ignored: its key holds ' '; a key is letters, digits and _-/.%@+",
        ),
        (
            "[default]\ns3=\n a!=1\n b=2",
            "",
            "profile default: s3={b=\"2\"}\nwarning: config line 3: a property is ignored: its key holds '!'; a key is letters, digits and _-/.%@+",
        ),
        (
            "[default]\nre\u{200b}gion=1",
            "",
            "profile default\nwarning: config line 2: a property is ignored: its key holds the invisible character U+200B; remove it, or type the line again",
        ),
    ]);
}

#[test]
fn white_space_is_trimmed_as_unicode_has_it_and_only_blanks_indent() {
    check(&[
        ("[default]\na =\t 1\t \n \t \nb=\u{a0}2\u{2003}", "", r#"profile default: a="1", b="2""#),
        ("[default]\na=1\u{b}\u{c}\u{1f}", "", r#"profile default: a="1""#),
        ("[default]\na=1\n\u{a0}b=2\n\u{c}\n", "", r#"profile default: a="1", b="2""#),
        ("[default]\na=1\u{a0}# no comment", "", "profile default: a=\"1\\u{a0}# no comment\""),
    ]);
}

#[test]
fn comments_begin_a_line_indented_or_not_or_follow_a_blank_behind_a_value() {
    check(&[
        (
            "# text\n; text\n   # text\n[default]\n#a=1\n\t;a=2\na=3",
            "",
            r#"profile default: a="3""#,
        ),
        ("[default]\n    # text\na=1\n  # text\n  2", "", r#"profile default: a="1\n2""#),
        (
            "[default]\nsso_region = us-east-1\n  # text\nb=1",
            "",
            r#"profile default: b="1", sso_region="us-east-1""#,
        ),
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
    ]);
}

#[test]
fn a_property_is_split_at_the_first_equals_sign_or_colon_and_its_key_kept_in_lower_case() {
    check(&[
        ("[default]\nA_Key =  Value X  \nd==e", "", r#"profile default: a_key="Value X", d="=e""#),
        (
            "[default]\nsso_session: dev\nb:c=d",
            "",
            r#"profile default: b="c=d", sso_session="dev""#,
        ),
        ("[default]\na =\nb=", "", r#"profile default: a="", b="""#),
    ]);
}

#[test]
fn a_file_that_is_indented_throughout_reads_like_one_that_is_not() {
    check(&[
        ("[default]\n  a = 1\n  b = 2\n", "", r#"profile default: a="1", b="2""#),
        ("  [default]\n  a = 1\n  b = 2\n", "", r#"profile default: a="1", b="2""#),
        ("\t[default]\n\ta = 1\n\tb = 2\n\t\t3\n", "", r#"profile default: a="1", b="2\n3""#),
        ("", "    [default]\n    a = 1\n  b = 2\n", r#"profile default: a="1", b="2""#),
    ]);
}

#[test]
fn a_line_that_is_indented_deeper_continues_the_property_above() {
    check(&[
        ("[default]\na = 1\n  2  \n\t3", "", r#"profile default: a="1\n2\n3""#),
        ("[default]\na = 1 # x\n  2 # y\n  # z", "", r#"profile default: a="1\n2 # y""#),
        ("[default]\na = 1\n\n# text\n  \n  2\n\n", "", r#"profile default: a="1\n\n\n2""#),
        ("[default]\na = 1\n b = 2\nc=3", "", r#"profile default: a="1\nb = 2", c="3""#),
        ("[default]\na=1\n[profile b]\n  x=2", "", "profile b: x=\"2\"\nprofile default: a=\"1\""),
        ("[default]\na=1\n [1, 2], 3", "", r#"profile default: a="1\n[1, 2], 3""#),
        ("[default]\na=1\n [1", "", r#"profile default: a="1\n[1""#),
    ]);
}

#[test]
fn an_empty_value_is_followed_by_sub_properties_whose_keys_keep_their_case() {
    check(&[
        (
            "[default]\ns3 =\n  A = 1\n\tb=2=3 # x\nr=1",
            "",
            r#"profile default: r="1", s3={A="1", b="2=3"}"#,
        ),
        (
            "[default]\n  s3 =\n    a:b = 1\n    b = c:d\n",
            "",
            "profile default: s3={b=\"c:d\"}\nwarning: config line 3: a property is ignored: its key holds ':'; a key is letters, digits and _-/.%@+",
        ),
        (
            "[default]\ns3 = # x\n  a =\n\n#\n  # x\n  b = 2\n",
            "",
            r#"profile default: s3={a="", b="2"}"#,
        ),
        ("[default]\nregion =\n  # x\n  ; y\na=1", "", r#"profile default: a="1", region="""#),
    ]);
    let config = parse("[default]\ns3 =\n  a = 1 # x\n  # y\n", "").unwrap();
    let s3 = config.profile("default").unwrap().get("s3").unwrap();
    assert_eq!(s3.value(), "");
    assert_eq!(s3.sub("a").unwrap().origin().to_string(), "config line 3");
}

#[test]
fn a_line_that_cannot_be_understood_is_a_warning_and_ends_the_property_above() {
    for (line, warning) in [
        (
            "x",
            "a line has no \"=\"; write it as KEY = VALUE, begin it with \"#\" to make it a comment, or indent it to continue the value above",
        ),
        (
            "<<<<<<< HEAD",
            "a line has no \"=\"; write it as KEY = VALUE, begin it with \"#\" to make it a comment, or indent it to continue the value above",
        ),
        ("= x", "a line has nothing before the \"=\"; write it as KEY = VALUE"),
    ] {
        let text = format!("[profile a]\na=1\n{line}\n  more\nb=2\n[profile b]\nc=3");
        let expected = format!(
            "profile a: a=\"1\", b=\"2\"\nprofile b: c=\"3\"\nwarning: config line 3: {warning}\n"
        );
        assert_eq!(show(&text, ""), expected);
    }
    for (line, warning) in [
        (
            "x",
            "a line below a property with an empty value has no \"=\"; write it as KEY = VALUE, or put the value on the line of the property",
        ),
        (
            "= x",
            "a line below a property with an empty value has nothing before the \"=\"; write it as KEY = VALUE",
        ),
    ] {
        let text = format!("[profile a]\ns3=\n  a=1\n  {line}\n  b=2");
        let expected =
            format!("profile a: s3={{a=\"1\", b=\"2\"}}\nwarning: config line 4: {warning}\n");
        assert_eq!(show(&text, ""), expected);
    }
    let secret = parse("[default]\nwJalrXUtnFEMI", "").unwrap();
    let warning = &secret.warnings()[0];
    assert_eq!((warning.origin().file().to_str(), warning.origin().line()), (Some("config"), 2));
    assert!(!warning.to_string().contains("wJalr"), "a line may be a secret: {warning}");
}

#[test]
fn lines_before_the_first_section_are_one_warning() {
    let warning = |file| {
        format!(
            "warning: {file} line 3: the lines before the first section are ignored; put a section \
             line such as [default] above them"
        )
    };
    let text = "\n# x\na = 1\n  more\nb\n";
    assert_eq!(
        show(&format!("{text}[profile b]\nc=1"), text),
        format!("profile b: c=\"1\"\n{}\n{}\n", warning("config"), warning("credentials"))
    );
}

#[test]
fn lines_of_ignored_sections_are_ignored_without_a_warning_each() {
    for section in ["[plugins]", "[profile a b]", "[profile a"] {
        let config = parse(&format!("{section}\nx\n=y\n a b = 1\ns3 =\n  x\n"), "").unwrap();
        assert_eq!(config.warnings().len(), 1, "{section}");
    }
}

#[test]
fn sections_merge_the_last_counts_and_the_credentials_file_wins() {
    let repeated = |key, line, first| {
        format!(
            "warning: config line {line}: the property {key} is repeated: the last one counts, and \
             the one before is at line {first}; remove one of the two"
        )
    };
    assert_eq!(
        show("[profile a]\nx=1\ny=1\n[profile b]\n[profile a]\ny=2\nz=2", ""),
        format!("profile a: x=\"1\", y=\"2\", z=\"2\"\nprofile b\n{}\n", repeated("y", 6, 3))
    );
    assert_eq!(
        show("[profile a]\nx=1\ns3=\n  k=1\n  k=2\nX=3", ""),
        format!(
            "profile a: s3={{k=\"2\"}}, x=\"3\"\n{}\n{}\n",
            repeated("k", 5, 4),
            repeated("x", 6, 2)
        )
    );
    check(&[
        (
            "[profile a]\nx=1\ny=1\n[sso-session a]\nx=0",
            "[a]\ny=2\nz=2",
            "profile a: x=\"1\", y=\"2\", z=\"2\"\nsso-session a: x=\"0\"",
        ),
        ("[profile a]\ns3=\n x=1\n y=1", "[a]\ns3=\n x=2", r#"profile a: s3={x="2"}"#),
    ]);
}

#[test]
fn properties_of_the_section_in_capitals_count_for_all_sections_of_its_file() {
    let warning = |file, line| {
        format!(
            "warning: {file} line {line}: the properties of [DEFAULT] apply to every section of \
             this file; write [default] if the default profile is meant; most AWS SDKs ignore \
             [DEFAULT]\n"
        )
    };
    assert_eq!(
        show("[profile a]\nx=1\n[DEFAULT]\nx=0\ny=0\n[sso-session s]", "[b]"),
        format!(
            "profile a: x=\"1\", y=\"0\"\nprofile b\nsso-session s: x=\"0\", y=\"0\"\n{}",
            warning("config", 3)
        )
    );
    assert_eq!(
        show("[profile a]\nx=1\n[profile c]\nx=1", "[DEFAULT]\nx=0\n[a]\n[b]\nx=2"),
        format!(
            "profile a: x=\"0\"\nprofile b: x=\"2\"\nprofile c: x=\"1\"\n{}",
            warning("credentials", 1)
        )
    );
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
fn warnings_are_data() {
    use sso_config::WarningKind;

    let config = parse("[profile a]\nx\n[profile b]\ny=1\n", "").unwrap();
    let [warning] = config.warnings() else { panic!("{:?}", config.warnings()) };
    assert!(matches!(warning.kind(), WarningKind::NoSeparator));
    assert!(warning.is_faulty_line() && warning.ignored_section().is_none());
    assert_eq!(
        format!("{}: {}; {}", warning.origin(), warning.reason(), warning.remedy()),
        warning.to_string()
    );
    assert_eq!(config.profile("a").unwrap().warnings().len(), 1);
    assert_eq!(config.profile("b").unwrap().warnings().len(), 0);
}

#[test]
fn warnings_are_in_the_order_of_the_lines() {
    let text = "[profile b]\na = 1\na = 2\n[profile a]\nx\n[profile b]\na = 3\nb = 1\n";
    let config = parse(text, "[b]\na = 4\n").unwrap();
    let lines: Vec<_> = config.warnings().iter().map(|warning| warning.origin().line()).collect();
    assert_eq!(lines, [3, 5, 7]);
    let profile = config.profile("b").unwrap();
    assert_eq!(profile.warnings().len(), 2);
    assert_eq!(profile.get("a").unwrap().value(), "4");
    assert_eq!(profile.get("b").unwrap().value(), "1");
}

#[test]
fn ignored_sections_that_look_like_profiles_are_told_from_others() {
    for (config, expected) in [
        ("[devsso]\nsso_session = x", true),
        ("[devsso]\nregion = x\n[other]\nsso_session = x", false),
        ("[Profile dev]", true),
        ("[sso_session corp]", true),
        ("[profile a b]", true),
        ("[profile a", true),
        ("[plugins]\ncli_legacy_plugin_path = x", false),
    ] {
        let config = parse(config, "").unwrap();
        assert_eq!(config.warnings()[0].is_ignored_sso_section(), expected, "{config:?}");
    }
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
