//! Compares the endpoints with botocore's rules, for all its regions, with and without FIPS and
//! dual-stack.

use std::collections::BTreeSet;

use sso_http::{Endpoint, EndpointVariant};
use sso_types::Region;

use crate::botocore;

/// Prints one line for each endpoint: service, region, FIPS, dual-stack, and the URL or an error.
const RULES: &str = r#"
import itertools
from botocore.loaders import Loader
from botocore.endpoint_provider import EndpointProvider
loader = Loader()
partitions = loader.load_data("partitions")
regions = {r for p in partitions["partitions"] for r in p["regions"]}
regions |= {"us-newplace-7", "xx-newplace-1", "cn-new-3", "us-gov-new-9", "eusc-de-new-2", "us-isob-new-1", "a"}
for service in ("sso", "sso-oidc"):
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, partitions)
    for region, fips, dual in itertools.product(sorted(regions), (False, True), (False, True)):
        try:
            url = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual).url
        except Exception as error:
            url = "error: " + str(error).replace("\n", " ")
        print(service, region, int(fips), int(dual), url)
"#;

#[test]
#[ignore = "needs botocore"]
fn endpoints_equal_those_of_botocore() {
    let table = botocore::run(RULES, &[]);
    let mut different = BTreeSet::new();
    let mut compared = 0;
    for line in table.lines() {
        let mut fields = line.splitn(5, ' ');
        let mut next = || fields.next().unwrap();
        let (service, region, fips, dual_stack, url) = (next(), next(), next(), next(), next());
        let variant =
            EndpointVariant::default().with_fips(fips == "1").with_dual_stack(dual_stack == "1");
        let name = Region::new(region).unwrap();
        let ours = match service {
            "sso" => Endpoint::portal(&name, variant),
            _ => Endpoint::oidc(&name, variant),
        };
        compared += 1;
        if ours.url() != url {
            different.insert(region.to_owned());
        }
    }
    assert!(compared > 2 * 4 * 30, "{compared} is not the whole table");
    // The pseudo regions of partitions other than "aws", for services such as IAM that have one
    // endpoint in a partition. IAM Identity Center does not use them. They do not match the pattern
    // of regions, so this crate treats them as unknown regions.
    let pseudo = [
        "aws-cn-global",
        "aws-iso-b-global",
        "aws-iso-e-global",
        "aws-iso-f-global",
        "aws-iso-global",
        "aws-us-gov-global",
    ];
    let unexplained: Vec<_> =
        different.iter().filter(|region| !pseudo.contains(&region.as_str())).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

#[test]
fn endpoints_of_each_partition_and_variant() {
    let url = |region: &str, fips, dual_stack| {
        let region = Region::new(region).unwrap();
        let variant = EndpointVariant::default().with_fips(fips).with_dual_stack(dual_stack);
        let (portal, oidc) = (Endpoint::portal(&region, variant), Endpoint::oidc(&region, variant));
        (portal.url().to_owned(), oidc.url().to_owned())
    };
    for (region, fips, dual_stack, portal, oidc) in [
        (
            "eu-central-1",
            false,
            false,
            "https://portal.sso.eu-central-1.amazonaws.com",
            "https://oidc.eu-central-1.amazonaws.com",
        ),
        (
            "us-east-2",
            true,
            false,
            "https://portal.sso-fips.us-east-2.amazonaws.com",
            "https://oidc-fips.us-east-2.amazonaws.com",
        ),
        (
            "us-east-2",
            false,
            true,
            "https://portal.sso.us-east-2.api.aws",
            "https://oidc.us-east-2.api.aws",
        ),
        (
            "us-east-2",
            true,
            true,
            "https://portal.sso-fips.us-east-2.api.aws",
            "https://oidc-fips.us-east-2.api.aws",
        ),
        (
            "us-gov-west-1",
            true,
            false,
            "https://portal.sso.us-gov-west-1.amazonaws.com",
            "https://oidc.us-gov-west-1.amazonaws.com",
        ),
        (
            "us-gov-west-1",
            true,
            true,
            "https://portal.sso-fips.us-gov-west-1.api.aws",
            "https://oidc-fips.us-gov-west-1.api.aws",
        ),
        (
            "cn-north-1",
            false,
            false,
            "https://portal.sso.cn-north-1.amazonaws.com.cn",
            "https://oidc.cn-north-1.amazonaws.com.cn",
        ),
        (
            "cn-north-1",
            false,
            true,
            "https://portal.sso.cn-north-1.api.amazonwebservices.com.cn",
            "https://oidc.cn-north-1.api.amazonwebservices.com.cn",
        ),
        (
            "eusc-de-east-1",
            false,
            false,
            "https://portal.sso.eusc-de-east-1.amazonaws.eu",
            "https://oidc.eusc-de-east-1.amazonaws.eu",
        ),
    ] {
        assert_eq!(url(region, fips, dual_stack), (portal.to_owned(), oidc.to_owned()));
    }
}
