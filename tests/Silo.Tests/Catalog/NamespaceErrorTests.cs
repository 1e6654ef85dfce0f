using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What is said of errors in namespaces, plans and keys: the place, the field and what would be right.</summary>
public sealed class NamespaceErrorTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        {
            "reserved_namespace",
            """
            namespaces:
              quota.internal: {}
            """,
            """2:3: namespaces["quota.internal"]: namespaces that begin with "quota." are reserved"""
        },
        {
            "long_namespace",
            """
            namespaces:
              nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn: {}
            """,
            """2:3: namespaces["nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…"]: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…" has 65 bytes: must have 1 to 64"""
        },
        {
            "empty_name",
            """
            namespaces:
              "": {}
            """,
            """2:3: namespaces[""]: "" has 0 bytes: must have 1 to 64"""
        },
        {
            "control_in_name",
            """
            namespaces:
              "a\nb": {}
            """,
            """2:3: namespaces["a\u000ab"]: "a\u000ab" contains a character that cannot be printed"""
        },
        {
            "blank_around_name",
            """
            namespaces:
              " a": {}
            """,
            """2:3: namespaces[" a"]: " a" begins or ends with a blank"""
        },
        {
            "surrogate_in_name",
            """
            namespaces:
              "a\uD800": {}
            """,
            "2:3: not valid YAML: While scanning a quoted scalar, found invalid Unicode surrogates."
        },
        {
            "namespace_is_list",
            """
            namespaces:
              demo: [1]
            """,
            "2:9: namespaces.demo: is a list, but must be a mapping (name: value)"
        },
        {
            "unknown_namespace_field",
            """
            namespaces:
              demo:
                default_plans: free
            """,
            """3:5: namespaces.demo.default_plans: unknown field; did you mean "default_plan"?"""
        },
        {
            "default_plan_missing",
            """
            namespaces:
              demo:
                default_plan: gold
                plans: { free: { limits: [] } }
                
            """,
            """3:19: namespaces.demo.default_plan: there is no plan "gold" in this namespace"""
        },
        {
            "default_plan_misspelt",
            """
            namespaces:
              demo:
                default_plan: fre
                plans: { free: { limits: [] } }
            """,
            """3:19: namespaces.demo.default_plan: there is no plan "fre" in this namespace; did you mean "free"?"""
        },
        {
            "unknown_keys_without_default",
            """
            namespaces:
              demo:
                unknown_keys: default_plan
            """,
            "3:5: namespaces.demo.default_plan: is required by unknown_keys: default_plan"
        },
        {
            "unknown_keys_wrong",
            """
            namespaces:
              demo:
                unknown_keys: denny
            """,
            """3:19: namespaces.demo.unknown_keys: "denny" is not one of default_plan, allow, deny; did you mean "deny"?"""
        },
        {
            "default_plan_without_effect",
            """
            namespaces:
              demo:
                unknown_keys: deny
                default_plan: free
                plans: { free: { limits: [] } }
            """,
            "4:19: namespaces.demo.default_plan: has no effect unless unknown_keys is default_plan; remove one of the two"
        },
        {
            "sync_wrong",
            """
            namespaces:
              demo:
                sync: always
            """,
            """3:11: namespaces.demo.sync: "always" is not one of commit, os"""
        },
        {
            "on_failure_wrong",
            """
            namespaces:
              demo:
                on_failure: open
            """,
            """3:17: namespaces.demo.on_failure: "open" is not one of error, allow, deny"""
        },
        {
            "plan_is_scalar",
            """
            namespaces:
              demo:
                plans:
                  free: 5
            """,
            "4:13: namespaces.demo.plans.free: is a single value, but must be a mapping (name: value)"
        },
        {
            "plan_without_limits",
            """
            namespaces:
              demo:
                plans:
                  free: {}
            """,
            "4:13: namespaces.demo.plans.free.limits: is required"
        },
        {
            "limits_is_mapping",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits: { a: 1 }
            """,
            """5:17: namespaces.demo.plans.free.limits: is a mapping, but must be a list ("[]" for a plan without limits)"""
        },
        {
            "too_many_limits",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits: [{name: l0, rate: {amount: 1, period: 1s}},{name: l1, rate: {amount: 1, period: 1s}},{name: l2, rate: {amount: 1, period: 1s}},{name: l3, rate: {amount: 1, period: 1s}},{name: l4, rate: {amount: 1, period: 1s}},{name: l5, rate: {amount: 1, period: 1s}},{name: l6, rate: {amount: 1, period: 1s}},{name: l7, rate: {amount: 1, period: 1s}},{name: l8, rate: {amount: 1, period: 1s}},{name: l9, rate: {amount: 1, period: 1s}},{name: l10, rate: {amount: 1, period: 1s}},{name: l11, rate: {amount: 1, period: 1s}},{name: l12, rate: {amount: 1, period: 1s}},{name: l13, rate: {amount: 1, period: 1s}},{name: l14, rate: {amount: 1, period: 1s}},{name: l15, rate: {amount: 1, period: 1s}},{name: l16, rate: {amount: 1, period: 1s}},{name: l17, rate: {amount: 1, period: 1s}},{name: l18, rate: {amount: 1, period: 1s}},{name: l19, rate: {amount: 1, period: 1s}},{name: l20, rate: {amount: 1, period: 1s}},{name: l21, rate: {amount: 1, period: 1s}},{name: l22, rate: {amount: 1, period: 1s}},{name: l23, rate: {amount: 1, period: 1s}},{name: l24, rate: {amount: 1, period: 1s}},{name: l25, rate: {amount: 1, period: 1s}},{name: l26, rate: {amount: 1, period: 1s}},{name: l27, rate: {amount: 1, period: 1s}},{name: l28, rate: {amount: 1, period: 1s}},{name: l29, rate: {amount: 1, period: 1s}},{name: l30, rate: {amount: 1, period: 1s}},{name: l31, rate: {amount: 1, period: 1s}},{name: l32, rate: {amount: 1, period: 1s}}]
            """,
            "5:17: namespaces.demo.plans.free.limits: has 33 limits: must have at most 32"
        },
        {
            "key_on_unknown_plan",
            """
            namespaces:
              demo:
                plans: { free: { limits: [] } }
                keys:
                  alice: { plan: gold }
            """,
            """5:22: namespaces.demo.keys.alice.plan: there is no plan "gold" in this namespace"""
        },
        {
            "key_short_form_unknown_plan",
            """
            namespaces:
              demo:
                plans: { free: { limits: [] } }
                keys:
                  alice: fred
            """,
            """5:14: namespaces.demo.keys.alice: there is no plan "fred" in this namespace; did you mean "free"?"""
        },
        {
            "key_without_plan",
            """
            namespaces:
              demo:
                plans: { free: { limits: [] } }
                keys:
                  alice: {}
            """,
            "5:14: namespaces.demo.keys.alice.plan: is required"
        },
        {
            "key_unknown_field",
            """
            namespaces:
              demo:
                plans: { free: { limits: [] } }
                keys:
                  alice: { plan: free, plam: x }
            """,
            """5:28: namespaces.demo.keys.alice.plam: unknown field; did you mean "plan"?"""
        },
        {
            "key_long",
            """
            namespaces:
              demo:
                plans: { free: { limits: [] } }
                keys:
                  kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: free
            """,
            """5:7: namespaces.demo.keys["kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…"]: "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…" has 257 bytes: must have 1 to 256"""
        },
        {
            "leases_word",
            """
            namespaces:
              demo:
                leases: offf
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            """3:13: namespaces.demo.leases: "offf" is not one of on, off; did you mean "off"?"""
        },
        {
            "leases_short",
            """
            namespaces:
              demo:
                leases: { duration: 10ms }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            """3:25: namespaces.demo.leases.duration: 10ms is out of bounds: must be from 50ms to 1m"""
        },
        {
            "leases_lost",
            """
            namespaces:
              demo:
                leases: { lost: forget }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            """3:21: namespaces.demo.leases.lost: "forget" is not one of keep, spend, release"""
        },
        {
            "leases_lost_after",
            """
            namespaces:
              demo:
                leases: { lost_after: 100ms }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            """3:27: namespaces.demo.leases.lost_after: 100ms is out of bounds: must be from 10s to 31d"""
        },
        {
            "leases_unknown",
            """
            namespaces:
              demo:
                leases: { length: 1s }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            """3:15: namespaces.demo.leases.length: unknown field"""
        },
        {
            "lease_beyond_period",
            """
            namespaces:
              demo:
                leases: { duration: 2s }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1s } }] } }
            """,
            "3:25: namespaces.demo.leases.duration: 2s is longer than the period, 1s, of the limit \"burst\" of the plan \"free\""
        },
        {
            "lease_beyond_refill",
            """
            namespaces:
              demo:
                leases: { duration: 7s }
                plans: { free: { limits: [{ name: burst, rate: { amount: 10, period: 60s, algorithm: token_bucket, burst: 1 }  }] } }
            """,
            "3:25: namespaces.demo.leases.duration: 7s is longer than the time to refill the burst, 6s, of the limit \"burst\" of the plan \"free\""
        },
        {
            "lease_beyond_override",
            """
            namespaces:
              demo:
                leases: { duration: 2s }
                plans: { free: { limits: [{ name: burst, rate: { amount: 1, period: 1m } }] } }
                keys:
                        ann: { plan: free, overrides: [{ name: burst, rate: { amount: 1, period: 500ms } }] }
            """,
            """6:13: namespaces.demo.keys.ann.overrides[0].rate: the period, 500ms, is shorter than a lease of the namespace (2s, leases.duration)"""
        },
        {
            "key_with_dot_in_path",
            """
            namespaces:
              demo:
                keys:
                  a.b: free
            """,
            """4:12: namespaces.demo.keys["a.b"]: there is no plan "free" in this namespace"""
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_where_and_what(string name, string yaml, string expected)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.False(result.IsValid, name);
        Assert.Equal("quota.yaml:" + expected, Assert.Single(result.Errors).ToString());
    }
}
