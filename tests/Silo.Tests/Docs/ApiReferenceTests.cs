using Google.Protobuf.Reflection;
using Quota.ApiReference;
using Quota.Silo.Protocols.Admin;
using Quota.Silo.Protocols.Cluster;
using Quota.Silo.Protocols.Json;

namespace Quota.Silo.Tests.Docs;

/// <summary>docs/API.md says what the protos say.</summary>
public sealed class ApiReferenceTests
{
    [Fact]
    public async Task The_reference_is_up_to_date()
    {
        string written = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Root, "docs", "API.md"));
        Assert.True(written == ReferenceDocument.Render(), $"docs/API.md is not what the comments of the protos say: run `{ReferenceDocument.Command}` and commit the result.");
    }

    [Fact]
    public void Every_method_field_and_value_is_in_it()
    {
        string[] lines = ReferenceDocument.Render().Split('\n');
        foreach (FileDescriptorProto file in ReferenceDocument.Protos().File)
        {
            Assert.All(file.Service.SelectMany(s => s.Method), m => Assert.Contains($"#### {m.Name}", lines));
            foreach (DescriptorProto message in file.MessageType)
            {
                string[] section = [.. lines.SkipWhile(l => l != $"### {message.Name}").Skip(1).TakeWhile(l => !l.StartsWith('#'))];
                Assert.All(message.Field, f => Assert.Contains(section, l => l.StartsWith($"| {f.Number} | `{f.Name}` | ", StringComparison.Ordinal)));
            }
            Assert.All(file.EnumType.SelectMany(e => e.Value), v => Assert.Contains(lines, l => l.StartsWith($"| {v.Number} | `{v.Name}` | ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Links_lead_to_headings()
    {
        string text = ReferenceDocument.Render();
        HashSet<string> headings = [.. text.Split('\n').Where(l => l.StartsWith('#')).Select(l => l.TrimStart('#', ' ').ToLowerInvariant())];
        foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(text, @"\]\(#([^)]*)\)"))
        {
            Assert.Contains(link.Groups[1].Value, headings);
        }
    }

    [Fact]
    public void Endpoints_belong_to_methods()
    {
        HashSet<string> methods = [.. ReferenceDocument.Protos().File.SelectMany(f => f.Service).SelectMany(s => s.Method.Select(m => $"{s.Name}.{m.Name}"))];
        Assert.All(HttpEndpoints.ByMethod, e =>
        {
            Assert.Contains(e.Key, methods);
            Assert.Matches("^(GET|POST|PUT|DELETE) /v1/", e.Value);
        });
    }

    [Fact]
    public void Endpoints_of_the_administration_are_those_that_are_served()
    {
        // The routes only hold the service; nothing is asked of it here.
        IEnumerable<string> served = AdminRoutes.Create(null!).Concat(ClusterRoutes.Create(null!)).Select(r => $"{r.Method} {r.Path}").Append($"POST {JsonCheckRoute.Path}");
        Assert.Equal(served.Order(StringComparer.Ordinal), HttpEndpoints.ByMethod.Where(e => !e.Key.StartsWith("UsageService.", StringComparison.Ordinal)).Select(e => e.Value).Order(StringComparer.Ordinal));
    }
}
