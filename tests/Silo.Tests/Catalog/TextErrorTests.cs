using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What is said of errors in the text as YAML: the place, the field and what would be right.</summary>
public sealed class TextErrorTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        {
            "empty_file",
            "",
            " is empty"
        },
        {
            "only_a_comment",
            """
            # nothing
            """,
            " is empty"
        },
        {
            "scalar_root",
            """
            hello
            """,
            "1:1: is a single value, but must be a mapping (name: value)"
        },
        {
            "list_root",
            """
            - a
            """,
            "1:1: is a list, but must be a mapping (name: value)"
        },
        {
            "not_yaml",
            """
            namespaces: [
            """,
            "2:1: not valid YAML: While parsing a node, did not find expected node content."
        },
        {
            "tab_indent",
            """
            namespaces:
            	demo: {}
            """,
            "1:1: not valid YAML: While scanning a mapping, found invalid tab as indentation."
        },
        {
            "two_documents",
            """
            namespaces: {}
            ---
            namespaces: {}
            """,
            "2:1: a second document begins; the configuration is one document"
        },
        {
            "unknown_root_field",
            """
            namespaces: {}
            namespace: {}
            """,
            """2:1: namespace: unknown field; did you mean "namespaces"?"""
        },
        {
            "unknown_far_field",
            """
            namespaces: {}
            zebra: {}
            """,
            "2:1: zebra: unknown field"
        },
        {
            "duplicate_namespace",
            """
            namespaces:
              demo: {}
              demo: {}
            """,
            "3:3: namespaces.demo: is given twice; the first is in line 2"
        },
        {
            "duplicate_field",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: 10, amount: 11, period: 1s }
            """,
            "7:33: namespaces.demo.plans.free.limits[0].rate.amount: is given twice; the first is in line 7"
        },
        {
            "merge_key",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        <<: { mode: shadow }
                        rate: { amount: 1, period: 1s }
            """,
            """7:13: namespaces.demo.plans.free.limits[0]["<<"]: YAML merge keys are not supported; name the whole value with an alias instead"""
        },
        {
            "tag",
            """
            namespaces:
              demo:
                plans:
                  free:
                    limits:
                      - name: a
                        rate: { amount: !!int 10, period: 1s }
            """,
            """7:29: namespaces.demo.plans.free.limits[0].rate.amount: YAML tags such as "tag:yaml.org,2002:int" are not supported"""
        },
        {
            "alias_unknown",
            """
            namespaces: *nothing
            """,
            """1:13: namespaces: the alias "nothing" names nothing above it"""
        },
        {
            "alias_of_itself",
            """
            namespaces: &a { demo: *a }
            """,
            """1:24: namespaces.demo: the alias "a" stands within what it names"""
        },
        {
            "complex_name",
            """
            namespaces:
              ? [a, b]
              : {}
            """,
            "2:3: namespaces: a name must be a single value"
        },
        {
            "too_deep",
            """
            namespaces: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]
            """,
            "1:29: namespaces[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested deeper than 16 levels"
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
