//! The config file, which several `populate` and another program edit at the same time.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::thread;

use anyhow::{Result, ensure};

use crate::job::{Job, Run};
use crate::process;
use crate::stage::{Stage, Weather, pause};

/// Sections that the user wrote. `populate` must keep every byte.
const USERS: &str = "
# Mine; not generated.
[profile mine]   # keep this
region=eu-central-1
  # indented
cli_pager =
";
/// The number of lines that `populate` writes for three profiles, and their end.
const GENERATED_LINES: usize = 21;
const GENERATED_END: &str =
    "ssocreds_generated = sso_session,sso_account_id,sso_role_name,region\n";
/// One edit in so many may be lost. `populate` checks that the file is unchanged and then renames its
/// own; no lock excludes another program between these two steps.
const EDITS_FOR_A_LOSS: u64 = 500;

/// Writes the file with the number of an edit and the user's text, without the generated profiles.
pub(crate) fn write(stage: &Stage, edit: u64) -> io::Result<()> {
    stage.disk.replace(&stage.home.config_file, &format!("# edit {edit}\n{}{USERS}", stage.config))
}

/// Returns the generated profiles, which are complete or absent, or `None` for other content.
pub(crate) fn generated<'a>(stage: &Stage, content: &'a str) -> Option<&'a str> {
    let (_, rest) = content.strip_prefix("# edit ")?.split_once('\n')?;
    let generated = rest.strip_prefix(&stage.config)?.strip_prefix(USERS)?;
    let is_whole =
        generated.lines().count() == GENERATED_LINES && generated.ends_with(GENERATED_END);
    (is_whole || generated.is_empty()).then_some(generated)
}

/// Edits the file as a program without a lock does, while a `populate` runs.
pub(crate) fn edit(stage: &Stage, weather: Weather) -> bool {
    // `populate` gives up if the file keeps changing.
    stage.faults.during(|| {
        thread::scope(|scope| {
            let populate = scope.spawn(|| {
                let run = Run::new(Job::Populate, weather);
                stage.tally.check(process::complete(stage, &run, &[]));
            });
            while !populate.is_finished() {
                stage.tally.check(edit_once(stage));
            }
        });
    });
    true
}

/// Checks, a moment after an edit, that it is still in the file.
fn edit_once(stage: &Stage) -> Result<()> {
    let number = stage.tally.add("edits of the config file", 1);
    write(stage, number)?;
    pause(1..8);
    let content = fs::read_to_string(&stage.home.config_file)?;
    if !content.starts_with(&format!("# edit {number}\n")) {
        let lost = stage.tally.add("edits of the config file: lost", 1);
        let is_rare = lost <= 1 + number / EDITS_FOR_A_LOSS;
        ensure!(is_rare, "{lost} of {number} edits of the config file were lost");
    }
    Ok(())
}

/// Checks that `populate` writes the expected profiles, and that a second one writes nothing.
pub(crate) fn check_populate(stage: &Stage) -> Result<()> {
    let file = &stage.home.config_file;
    let populate = || -> Result<_> {
        process::complete(stage, &Run::new(Job::Populate, Weather::Gentle), &[])?;
        Ok((fs::metadata(file)?.ino(), fs::read_to_string(file)?))
    };
    let first = populate()?;
    let is_populated = generated(stage, &first.1).is_some_and(|it| !it.is_empty());
    ensure!(is_populated, "populate wrote something else: {:?}", first.1);
    ensure!(populate()? == first, "a second populate wrote the config file");
    Ok(())
}
