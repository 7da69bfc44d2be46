//! `ssocreds config`: the parsed config files, as a whole (`files`) or one profile (`resolved`).

mod files;
mod resolved;

use sso_config::SsoProfile;

use crate::arguments::{Show, TableFormat};
use crate::context::Context;
use crate::failure::Failure;
use crate::followed_profile::follow;
use crate::stdout;

pub(crate) fn run(context: &Context, options: &Show) -> Result<(), Failure> {
    let config = context.shared_config()?;
    let table = options.format == TableFormat::Table;
    if let Some(name) = &context.global.profile {
        let name = follow(&config, name)?;
        let profile = SsoProfile::resolve(&config, &name, &context.environment)?;
        let resolved = resolved::Resolved::new(&profile)?;
        return if table {
            stdout::print_styled(&resolved.render(&profile))
        } else {
            stdout::print_json(&resolved)
        };
    }
    let (selected, origin) = sso_config::selected_profile(None, &context.environment)?;
    if table {
        stdout::print_styled(&files::render(&config, &selected, origin))
    } else {
        stdout::print_json(&files::Merged::new(&config, &selected))
    }
}
