//! The members of a token file: the known fields, with their names and their order.

use std::ops::Range;

/// The fields that this crate uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    AccessToken,
    ExpiresAt,
    RefreshToken,
    ClientId,
    ClientSecret,
    RegistrationExpiresAt,
    Region,
    StartUrl,
}

/// A member of the object that is kept and written back.
#[derive(Clone)]
pub(crate) struct KeptMember {
    /// The field; `None` for an unknown field.
    pub(crate) field: Option<Field>,
    /// The range of the quoted name in the text.
    pub(crate) name: Range<usize>,
    /// The range of the value in the text; `None` if the value is written from the token's field.
    pub(crate) value: Option<Range<usize>>,
}

/// The value of an optional field.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Optional<T> {
    /// The field is missing or `null`.
    Missing,
    /// The value cannot be used.
    Unusable,
    Present(T),
}

impl Field {
    pub(crate) const ALL: [Self; 8] = [
        Self::AccessToken,
        Self::ExpiresAt,
        Self::RefreshToken,
        Self::ClientId,
        Self::ClientSecret,
        Self::RegistrationExpiresAt,
        Self::Region,
        Self::StartUrl,
    ];

    /// The position of the field in a file that the AWS CLI writes after a login.
    pub(crate) fn place(self) -> u8 {
        match self {
            Self::StartUrl => 0,
            Self::Region => 1,
            Self::AccessToken => 2,
            Self::ExpiresAt => 3,
            Self::ClientId => 4,
            Self::ClientSecret => 5,
            Self::RegistrationExpiresAt => 6,
            Self::RefreshToken => 7,
        }
    }

    /// The name of the field, as the AWS CLI spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::ExpiresAt => "expiresAt",
            Self::RefreshToken => "refreshToken",
            Self::ClientId => "clientId",
            Self::ClientSecret => "clientSecret",
            Self::RegistrationExpiresAt => "registrationExpiresAt",
            Self::Region => "region",
            Self::StartUrl => "startUrl",
        }
    }
}

impl<T> Optional<T> {
    pub(crate) fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Missing | Self::Unusable => None,
        }
    }

    pub(crate) fn map<U>(self, with: impl FnOnce(T) -> U) -> Optional<U> {
        match self {
            Self::Missing => Optional::Missing,
            Self::Unusable => Optional::Unusable,
            Self::Present(value) => Optional::Present(with(value)),
        }
    }
}
