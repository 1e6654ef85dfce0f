using System.Text;
using Quota.Contracts.V1;
using QuotaLimit = Quota.Contracts.V1.Limit;

namespace Quota.Silo.Tests.Import;

/// <summary>
/// What a translated configuration allows, against a model of the other service's order of matching: the exact value, the
/// wildcards in their order, the key alone; one way down, never back.
/// </summary>
public sealed class EnvoyMatchingTests
{
    private static readonly string[] Values = ["", "a", "ab", "a*", "b", "b*", "*"];
    private static readonly string[] Sent = ["a", "ab", "abc", "b", "x"];

    private sealed record Node(string Key, string Value, int? Amount, List<Node> Children);

    [Theory]
    [InlineData("--key domain")]
    [InlineData("--key value")]
    public async Task A_configuration_without_errors_refuses_nothing_that_was_allowed(string options)
    {
        int translated = 0;
        int limited = 0;
        for (int seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            List<Node> tree = Tree(random, 2);
            ImportRun run = await ImportRun.OfText("envoy-ratelimit", Yaml(tree), options);
            if (run.ExitCode != 0)
            {
                continue;
            }
            translated++;
            foreach ((string Key, string Value)[] request in Requests())
            {
                // Longer descriptors count on the limits of shorter ones as well, which a note says of each; here only those of the request's own length are compared.
                long? allowed = Lookup(tree, request);
                long[] here = [.. Applicable(run, request, tree).Where(l => Depth(l, run, tree) == request.Length).Select(Amount)];
                Assert.True(allowed is null ? here.Length == 0 : here.Length > 0 && here.Min() == allowed, $"seed {seed}: {string.Join(',', request)}: there {allowed}, here {string.Join(',', here)}\n{Yaml(tree)}");
                limited += allowed is null ? 0 : 1;
            }
        }
        Assert.True(translated > 60 && limited > 100, $"{translated} of 300 were translated, {limited} requests were limited");
    }

    [Fact]
    public async Task A_looser_rule_of_a_value_is_an_error_unless_the_value_is_the_key()
    {
        const string text = "domain: d\ndescriptors:\n  - {key: k, rate_limit: {unit: day, requests_per_unit: 5}}\n  - {key: k, value: v, rate_limit: {unit: day, requests_per_unit: 6}}\n";
        ImportRun refused = await ImportRun.OfText("envoy-ratelimit", text, "--key domain");
        Assert.Equal(["in:4: error: descriptors[1].value: there the rules of this value replace those of line 3; here both count, and the limit of line 3 would refuse what this value is allowed"], refused.Errors);
        ImportRun keyed = await ImportRun.OfText("envoy-ratelimit", text);
        Assert.Equal(0, keyed.ExitCode);
        Assert.Equal(("v", "k=v"), (keyed.Keys.Single().Name, keyed.Keys.Single().Plan));
        Assert.Equal([5L, 6], keyed.Plans.Select(p => p.Limits.Single().Quota.Amount));
    }

    private static List<Node> Tree(Random random, int depth)
    {
        var nodes = new List<Node>();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            string key = depth == 2 ? "top" : "sub";
            string value = Values[random.Next(Values.Length)];
            if (nodes.Exists(n => n.Key == key && n.Value == value))
            {
                continue;
            }
            nodes.Add(new Node(key, value, random.Next(3) > 0 ? random.Next(1, 6) : null, depth > 1 && random.Next(2) == 0 ? Tree(random, depth - 1) : []));
        }
        return nodes;
    }

    private static string Yaml(List<Node> tree)
    {
        var text = new StringBuilder("domain: d\ndescriptors:\n");
        Write(tree, 1);
        return text.ToString();

        void Write(List<Node> nodes, int indent)
        {
            foreach (Node node in nodes)
            {
                text.Append(' ', indent * 2).Append("- key: ").Append(node.Key).Append('\n');
                Line(node.Value.Length > 0, $"value: \"{node.Value}\"");
                Line(node.Amount is not null, $"rate_limit: {{unit: day, requests_per_unit: {node.Amount}}}");
                Line(node.Children.Count > 0, "descriptors:");
                Write(node.Children, indent + 2);

                void Line(bool there, string line)
                {
                    if (there)
                    {
                        text.Append(' ', (indent * 2) + 2).Append(line).Append('\n');
                    }
                }
            }
        }
    }

    private static IEnumerable<(string Key, string Value)[]> Requests()
    {
        foreach (string top in Sent)
        {
            yield return [("top", top)];
            foreach (string sub in Sent)
            {
                yield return [("top", top), ("sub", sub)];
            }
        }
    }

    /// <summary>The amount of the one rule that the other service applies, or null.</summary>
    private static long? Lookup(List<Node> nodes, (string Key, string Value)[] request)
    {
        Node? found = null;
        foreach ((string key, string value) in request)
        {
            found = nodes.Find(n => n.Key == key && n.Value == value)
                ?? nodes.Find(n => n.Key == key && n.Value.EndsWith('*') && value.StartsWith(n.Value[..^1], StringComparison.Ordinal))
                ?? nodes.Find(n => n.Key == key && n.Value.Length == 0);
            if (found is null)
            {
                return null;
            }
            nodes = found.Children;
        }
        return found!.Amount;
    }

    /// <summary>The limits of the plan of the check's key whose conditions the request's entries meet.</summary>
    private static IEnumerable<QuotaLimit> Applicable(ImportRun run, (string Key, string Value)[] request, List<Node> tree)
    {
        bool byValue = IsByValue(run, tree);
        Namespace owner = run.Definitions[0].Namespace;
        string key = byValue ? request[0].Value : owner.Name;
        string planName = run.Keys.FirstOrDefault(k => k.Name == key)?.Plan ?? owner.DefaultPlan;
        Dictionary<string, string> attributes = request.Skip(byValue ? 1 : 0).ToDictionary(e => e.Key, e => e.Value);
        return (run.Plans.FirstOrDefault(p => p.Name == planName)?.Limits ?? [])
            .Where(l => l.Match.All(m => attributes.TryGetValue(m.Key, out string? value) && m.Value.Values_.Any(v => v.EndsWith('*') ? value.StartsWith(v[..^1], StringComparison.Ordinal) : value == v)));
    }

    private static int Depth(QuotaLimit limit, ImportRun run, List<Node> tree) => limit.Match.Count + (IsByValue(run, tree) ? 1 : 0);

    private static bool IsByValue(ImportRun run, List<Node> tree) => !run.Keys.Any(k => k.Name == "d") && tree.TrueForAll(n => !n.Value.Contains('*', StringComparison.Ordinal));

    private static long Amount(QuotaLimit limit) => limit.Quota.Amount;
}
