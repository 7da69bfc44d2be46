//! The default directories and paths of cache files. Nothing here accesses a file.

use std::path::PathBuf;

use sso_types::Environment;

use crate::CacheFileError;
use crate::cache_key::file_name;

/// Returns the path of the token file for `key`, with the environment of this process.
///
/// The path is `<lowercase hex SHA-1 of the key>.json` in [`token_cache_dir`]. The key is the name
/// of the sso-session or the start URL of a legacy profile, exactly as configured, or a
/// [`CacheKey`](crate::CacheKey).
///
/// Calls [`Environment::from_process`], which may block on the platform's user database.
pub fn standard_cached_token_filepath(key: impl AsRef<str>) -> Result<PathBuf, CacheFileError> {
    standard_cached_token_filepath_in(key, &Environment::from_process())
}

/// Returns the path of the token file for `key`, with the given environment. See
/// [`standard_cached_token_filepath`].
///
/// ```
/// use sso_cache::standard_cached_token_filepath_in;
/// use sso_types::Environment;
///
/// let environment = Environment::from_iter([("HOME", "/home/ana")]);
/// # let environment = environment.with("USERPROFILE", "/home/ana"); // on Windows
/// let path = standard_cached_token_filepath_in("admin", &environment)?;
/// assert!(path.ends_with(".aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json"));
/// # Ok::<(), sso_cache::CacheFileError>(())
/// ```
pub fn standard_cached_token_filepath_in(
    key: impl AsRef<str>,
    environment: &Environment,
) -> Result<PathBuf, CacheFileError> {
    let key = key.as_ref();
    if key.is_empty() {
        return Err(CacheFileError::EmptyKey);
    }
    let mut path = token_cache_dir(environment)?;
    path.push(file_name(key));
    Ok(path)
}

/// Returns the directory of the token files: `SSOCREDS_CACHE_DIR` if that variable is set,
/// otherwise `<home>/.aws/sso/cache`. Fails if neither the variable nor a home directory is set.
pub fn token_cache_dir(environment: &Environment) -> Result<PathBuf, CacheFileError> {
    match environment.var_os("SSOCREDS_CACHE_DIR") {
        Some(directory) => Ok(directory.into()),
        None => under_home(environment, ["sso", "cache"]),
    }
}

/// Returns the directory of cached role credentials: `SSOCREDS_ROLE_CACHE_DIR` if that variable is
/// set, otherwise the AWS CLI's `<home>/.aws/cli/cache`. Fails if neither the variable nor a home
/// directory is set.
pub fn role_cache_dir(environment: &Environment) -> Result<PathBuf, CacheFileError> {
    match environment.var_os("SSOCREDS_ROLE_CACHE_DIR") {
        Some(directory) => Ok(directory.into()),
        None => under_home(environment, ["cli", "cache"]),
    }
}

fn under_home(environment: &Environment, names: [&str; 2]) -> Result<PathBuf, CacheFileError> {
    let mut path = environment.home_dir().ok_or(CacheFileError::NoHome)?;
    // Enough for the directories and the file name, so that there is one reallocation at most.
    path.reserve(64);
    path.push(".aws");
    path.extend(names);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The variable for the home directory.
    const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

    #[test]
    fn variables_choose_other_directories() {
        let environment = Environment::from_iter([
            (HOME, "/h"),
            ("SSOCREDS_CACHE_DIR", "/tokens"),
            ("SSOCREDS_ROLE_CACHE_DIR", "/roles"),
        ]);
        let file = standard_cached_token_filepath_in("admin", &environment).unwrap();
        assert_eq!(file.parent(), Some(Path::new("/tokens")));
        assert_eq!(role_cache_dir(&environment).unwrap(), PathBuf::from("/roles"));
        let empty = environment.with("SSOCREDS_ROLE_CACHE_DIR", "");
        assert_eq!(role_cache_dir(&empty).unwrap(), PathBuf::from("/h/.aws/cli/cache"));
    }

    #[test]
    fn an_empty_key_and_no_home_are_errors() {
        let environment = Environment::from_iter([(HOME, "/h")]);
        let error = standard_cached_token_filepath_in("", &environment).unwrap_err();
        assert!(matches!(error, CacheFileError::EmptyKey), "{error}");
        let error = standard_cached_token_filepath_in("a", &Environment::default()).unwrap_err();
        assert!(matches!(error, CacheFileError::NoHome), "{error}");
        assert!(role_cache_dir(&Environment::default()).is_err());
    }

    #[test]
    fn the_directories_are_those_of_the_aws_cli() {
        let environment = Environment::from_iter([(HOME, "/h")]);
        let home = Path::new("/h");
        assert_eq!(token_cache_dir(&environment).unwrap(), home.join(".aws/sso/cache"));
        assert_eq!(role_cache_dir(&environment).unwrap(), home.join(".aws/cli/cache"));
    }
}
