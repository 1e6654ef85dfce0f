using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Cli;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Bulk import and export: all or nothing, forward references, and the same through gRPC, HTTP and the command line.</summary>
public sealed class ImportTests : IAsyncLifetime
{
    // What is named may come later.
    private const string Lines = """
        {"namespace":{"name":"shop","default_plan":"p"}}
        {"key":{"namespace":"shop","name":"low","plan":"p","parent":"top"}}

        {"key":{"namespace":"shop","name":"top","plan":"p"}}
        {"plan":{"namespace":"shop","name":"p","limits":[{"name":"hour","rate":{"amount":"5","period":"1h"}}]}}
        """;

    private const string Bad = """
        {"key":{"namespace":"shop","name":"orphan","plan":"p","parent":"nobody"}}
        {"key":{"namespace":"shop","name":"below","plan":"p","parent":"orphan"}}
        {"plan":{"namespace":"shop","name":"q","limits":[{"name":"l","rate":{"amount":"1","period":"never"}}]}}
        {"plan":{"namespace":"shop","colour":1}}
        not json
        {}
        {"key":{"namespace":"shop","name":"top","plan":"p"}}
        """;

    private AdminFixture _silo = null!;

    public async Task InitializeAsync() => _silo = await AdminFixture.StartAsync();

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task An_import_may_name_what_follows_and_changes_nothing_the_second_time()
    {
        JsonElement first = await _silo.Admin.ImportAsync(Lines);
        Assert.Equal(("5", "4"), (Text(first, "lines"), Text(first, "created")));
        Assert.Equal("4", Text(await _silo.Admin.ImportAsync(Lines), "unchanged"));
        Assert.Equal("1", Text(await _silo.Admin.ImportAsync(Lines.Replace("\"5\"", "\"6\"", StringComparison.Ordinal)), "replaced"));
        Assert.Equal(6, await _silo.Checks.RemainingAsync("shop", "low", "hour"));
    }

    [Fact]
    public async Task An_export_that_is_longer_than_one_flush_is_whole()
    {
        await _silo.Admin.ImportAsync(Lines);
        string keys = string.Join('\n', Enumerable.Range(0, 3_000).Select(i => """{"key":{"namespace":"shop","plan":"p","name":"k""" + i + "\"}}"));
        Assert.Equal("3000", Text(await _silo.Admin.ImportAsync(keys), "created"));
        Assert.Equal(3_000 + 4, (await _silo.Admin.ExportAsync("?namespace=shop")).Count(c => c == '\n'));
    }

    [Fact]
    public async Task One_bad_line_keeps_all_out_unless_the_import_keeps_going()
    {
        JsonElement refused = await _silo.Admin.ImportAsync(Lines + "\n" + Bad);
        Assert.Equal(("7", "0"), (Text(refused, "refused"), Text(refused, "created")));
        Assert.Equal(
            ["6 parent", "7 parent", "8 limits[0].rate.period", "9 colour", "10 ", "11 ", "12 name"],
            refused.GetProperty("refusals").EnumerateArray().Select(r => $"{Text(r, "line")} {(r.TryGetProperty("field", out JsonElement field) ? field.GetString() : "")}"));
        Assert.Equal("", await _silo.Admin.ExportAsync());
        Assert.Equal("4", Text(await _silo.Admin.ImportAsync(Lines + "\n" + Bad, "?keep_going=true&dry_run=true"), "created"));
        Assert.Equal("", await _silo.Admin.ExportAsync());
        JsonElement kept = await _silo.Admin.ImportAsync(Lines + "\n" + Bad, "?keep_going=true");
        Assert.Equal(("7", "4"), (Text(kept, "refused"), Text(kept, "created")));
    }

    [Fact]
    public async Task Export_into_another_silo_gives_the_same_definitions_over_grpc_too()
    {
        await _silo.Admin.ImportAsync(Lines);
        await using AdminFixture other = await AdminFixture.StartAsync();
        using var from = new GrpcTestClient(_silo.Host.Endpoints.Grpc);
        using var to = new GrpcTestClient(other.Host.Endpoints.Grpc);
        using GrpcTestStream export = await from.StreamAsync("/quota.v1.AdminService/Export");
        await export.WriteAsync(new ExportRequest());
        export.Complete();
        using GrpcTestStream import = await to.StreamAsync("/quota.v1.AdminService/Import");
        while (await export.ReadAsync() is { } message)
        {
            await import.WriteAsync(new ImportRequest { Definitions = { Definition.Parser.ParseFrom(message) } });
        }
        import.Complete();
        ImportProgress progress;
        do
        {
            progress = await import.ReadAsync(ImportProgress.Parser);
        }
        while (!progress.Done);
        Assert.Equal((4, 4, 0), (progress.Lines, progress.Created, progress.Refused));
        Assert.Equal((0, ""), await import.EndAsync());
        Assert.Equal(await _silo.Admin.ExportAsync(), await other.Admin.ExportAsync());
    }

    [Fact]
    public async Task Every_method_is_served_over_grpc_with_its_status()
    {
        using var grpc = new GrpcTestClient(_silo.Host.Endpoints.Grpc);
        Assert.Equal(3, (await CallAsync("CreateNamespace", new CreateNamespaceRequest())).Status);
        Namespace made = Namespace.Parser.ParseFrom((await CallAsync("CreateNamespace", new CreateNamespaceRequest { Namespace = new Namespace { Name = "n" } })).Message);
        Assert.Equal(6, (await CallAsync("CreateNamespace", new CreateNamespaceRequest { Namespace = new Namespace { Name = "n" } })).Status);
        made.OnFailure = OnFailure.Deny;
        Namespace replaced = Namespace.Parser.ParseFrom((await CallAsync("ReplaceNamespace", new ReplaceNamespaceRequest { Namespace = made })).Message);
        Assert.NotEqual(made.Etag, replaced.Etag);
        Assert.Equal(9, (await CallAsync("ReplaceNamespace", new ReplaceNamespaceRequest { Namespace = made })).Status);
        Assert.Equal(0, (await CallAsync("CreatePlan", new CreatePlanRequest { Plan = new Plan { Namespace = "n", Name = "p" } })).Status);
        Assert.Equal(0, (await CallAsync("CreateKey", new CreateKeyRequest { Key = new Key { Namespace = "n", Name = "k", Plan = "p" } })).Status);
        Assert.Equal(9, (await CallAsync("DeletePlan", new DeletePlanRequest { Namespace = "n", Name = "p" })).Status);
        Assert.Equal(0, (await CallAsync("ReplaceKey", new ReplaceKeyRequest { Key = new Key { Namespace = "n", Name = "k", Plan = "p", Note = "x" } })).Status);
        Assert.Equal("k", Assert.Single(ListKeysResponse.Parser.ParseFrom((await CallAsync("ListKeys", new ListKeysRequest { Namespace = "n", Filter = new KeyFilter { Plan = "p" } })).Message).Keys).Name);
        Assert.Equal("p", Assert.Single(ListPlansResponse.Parser.ParseFrom((await CallAsync("ListPlans", new ListPlansRequest { Namespace = "n" })).Message).Plans).Name);
        Assert.Equal("n", Assert.Single(ListNamespacesResponse.Parser.ParseFrom((await CallAsync("ListNamespaces", new ListNamespacesRequest())).Message).Namespaces).Name);
        Assert.Equal(5, (await CallAsync("GetKey", new GetKeyRequest { Namespace = "n", Name = "none" })).Status);
        Assert.Equal(0, (await CallAsync("DeleteKey", new DeleteKeyRequest { Namespace = "n", Name = "k" })).Status);
        Assert.Equal(0, (await CallAsync("DeleteNamespace", new DeleteNamespaceRequest { Name = "n" })).Status);
        Assert.Equal(8, ListAuditResponse.Parser.ParseFrom((await CallAsync("ListAudit", new ListAuditRequest())).Message).Entries.Count);

        async Task<(int Status, byte[] Message)> CallAsync(string method, IMessage request)
        {
            GrpcTestReply reply = await grpc.UnaryAsync("/quota.v1.AdminService/" + method, request);
            return (reply.Status, reply.Messages.Count > 0 ? reply.Messages[0].Bytes : []);
        }
    }

    [Fact]
    public async Task The_command_line_imports_exports_and_lists_what_was_refused()
    {
        using var folder = new TempFolder();
        string server = $"http://{_silo.Host.Endpoints.Http}";
        await File.WriteAllTextAsync(folder.File("bad.jsonl"), Lines + "\n" + Bad);
        CliRun refused = await CliRun.Of("import", "definitions", folder.File("bad.jsonl"), "--server", server);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"{folder.File("bad.jsonl")}:6: parent: there is no key \"nobody\" in this namespace\n", refused.Output, StringComparison.Ordinal);
        Assert.Contains("done: 12 lines, 0 created, 0 replaced, 0 unchanged, 7 refused\n", refused.Error, StringComparison.Ordinal);
        CliRun taken = await CliRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(Lines)), "import", "definitions", "-", "--server", server);
        Assert.Equal((0, ""), (taken.ExitCode, taken.Output));
        CliRun printed = await CliRun.Of("export", "definitions", "--server", server, "--namespace", "shop");
        CliRun written = await CliRun.Of("export", "definitions", "--server", server, "-o", folder.File("out.jsonl"));
        Assert.Equal((0, 0, printed.Output), (printed.ExitCode, written.ExitCode, await File.ReadAllTextAsync(folder.File("out.jsonl"))));
        Assert.Equal(4, printed.Output.Count(c => c == '\n'));
        CliRun again = await CliRun.Of("import", "definitions", folder.File("out.jsonl"), "--server", server);
        Assert.Equal((0, true), (again.ExitCode, again.Error.Contains("4 unchanged", StringComparison.Ordinal)));
        Assert.Equal(1, (await CliRun.Of("import", "definitions", folder.File("none"), "--server", server)).ExitCode);
        Assert.Equal(1, (await CliRun.Of("export", "definitions", "--server", "http://127.0.0.1:1")).ExitCode);
        Assert.Equal(2, (await CliRun.Of("export", "definitions", "--server", "nonsense")).ExitCode);
    }

    private static string Text(JsonElement progress, string field) => progress.TryGetProperty(field, out JsonElement value) ? value.GetString()! : "0";
}
