using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Store;

namespace Quota.Silo.Tests.Store;

/// <summary>What every implementation of the definitions' port does. One subclass per implementation.</summary>
public abstract class DefinitionStoreContract : IAsyncLifetime
{
    private IDefinitionStore _store = null!;

    /// <summary>Opens the store; opening it again finds what was written before.</summary>
    private protected abstract IDefinitionStore Open();

    public virtual Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task What_was_written_is_loaded_as_it_was_also_after_reopening()
    {
        DefinitionId id = DefinitionId.OfKey("shop", "a/ä");
        Assert.Null(await _store.LoadAsync(id, default));
        long[] versions = (await _store.ApplyAsync([new DefinitionWrite(id, new byte[] { 1, 2, 0 }, Source.File, 77, "ada")], default))!;
        await _store.DisposeAsync();
        _store = Open();
        StoredDefinition stored = (await _store.LoadAsync(id, default))!.Value;
        Assert.Equal((id, versions[0], Source.File, 77L), (stored.Id, stored.Version, stored.Source, stored.UpdatedAtMs));
        Assert.Equal([1, 2, 0], stored.Content.ToArray());
    }

    [Fact]
    public async Task A_version_is_never_given_twice_not_even_after_a_delete()
    {
        DefinitionId id = DefinitionId.OfPlan("shop", "p");
        var seen = new List<long>();
        for (int i = 0; i < 3; i++)
        {
            seen.AddRange(await WriteAsync(id, 1));
            seen.AddRange(await WriteAsync(id, 2));
            seen.AddRange(await DeleteAsync(id));
            await _store.DisposeAsync();
            _store = Open();
        }
        Assert.Null(await _store.LoadAsync(id, default));
        Assert.Equal(seen.Order().Distinct(), seen);
    }

    [Fact]
    public async Task What_came_from_the_file_is_found_without_the_rest()
    {
        for (int i = 0; i < 9; i++)
        {
            DefinitionId id = DefinitionId.OfKey("shop", "k" + i);
            await _store.ApplyAsync([new DefinitionWrite(id, new byte[] { 1 }, i % 3 == 0 ? Source.File : Source.Api, 1, "ada")], default);
        }
        IReadOnlyList<StoredDefinition> first = await _store.ScanFileAsync(DefinitionId.OfKey("", ""), 2, default);
        Assert.Equal(["k0", "k3"], first.Select(d => d.Id.Name));
        Assert.Equal(["k6"], (await _store.ScanFileAsync(first[^1].Id, 2, default)).Select(d => d.Id.Name));
    }

    [Fact]
    public async Task Every_change_leaves_an_entry_with_before_and_after()
    {
        DefinitionId id = DefinitionId.OfKey("shop", "k");
        await WriteAsync(id, 1);
        await WriteAsync(id, 2);
        await DeleteAsync(id);
        IReadOnlyList<StoredAudit> trail = await _store.ScanAuditAsync(0, new AuditFilter("", "", 0), 10, default);
        Assert.Equal(["create - 01", "replace 01 02", "delete 02 -"], trail.Select(e => $"{e.Action} {Text(e.Before)} {Text(e.After)}"));
        Assert.All(trail, e => Assert.Equal((id, "ada"), (e.Id, e.Actor)));
        Assert.Equal(trail.Select(e => e.Sequence).Order(), trail.Select(e => e.Sequence));

        static string Text(ReadOnlyMemory<byte>? content) => content is { } bytes ? Convert.ToHexString(bytes.Span) : "-";
    }

    [Fact]
    public async Task A_failed_batch_leaves_neither_change_nor_entry()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.ApplyAsync([Write(DefinitionId.OfNamespace("n"), 1)], cancelled.Token));
        Assert.Null(await _store.LoadAsync(DefinitionId.OfNamespace("n"), default));
        Assert.Empty(await _store.ScanAuditAsync(0, new AuditFilter("", "", 0), 10, default));
    }

    [Fact]
    public async Task A_scan_goes_through_one_kind_in_the_order_of_utf8()
    {
        // In UTF-16 the second of these would come before the first.
        string[] names = ["a", "b", "\uFFFD", "\U00010000"];
        foreach (string name in names.Reverse())
        {
            await WriteAsync(DefinitionId.OfKey("n1", name), 1);
            await WriteAsync(DefinitionId.OfKey("n2", name), 1);
        }
        await WriteAsync(DefinitionId.OfPlan("n1", "p"), 1);
        Assert.Equal(names, await NamesAsync(DefinitionId.OfKey("n1", ""), isOneNamespace: true, 3));
        Assert.Equal([.. names, .. names], await NamesAsync(DefinitionId.OfKey("", ""), isOneNamespace: false, 3));
        Assert.Equal(["\uFFFD", "\U00010000"], await NamesAsync(DefinitionId.OfKey("n1", "b"), isOneNamespace: true, 9));
    }

    [Fact]
    public async Task The_trail_is_filtered_by_namespace_key_and_time()
    {
        await WriteAsync(DefinitionId.OfNamespace("n1"), 1, atMs: 10);
        await WriteAsync(DefinitionId.OfKey("n1", "k"), 1, atMs: 20);
        await WriteAsync(DefinitionId.OfPlan("n1", "k"), 1, atMs: 30);
        await WriteAsync(DefinitionId.OfKey("n2", "k"), 1, atMs: 40);
        Assert.Equal("10, 20, 30", await TimesAsync(new AuditFilter("n1", "", 0)));
        Assert.Equal("20", await TimesAsync(new AuditFilter("n1", "k", 0)));
        Assert.Equal("20, 40", await TimesAsync(new AuditFilter("", "k", 0)));
        Assert.Equal("30, 40", await TimesAsync(new AuditFilter("", "", 30)));

        async Task<string> TimesAsync(AuditFilter filter) => string.Join(", ", (await _store.ScanAuditAsync(0, filter, 10, default)).Select(e => e.AtMs));
    }

    private static DefinitionWrite Write(DefinitionId id, byte content, long atMs = 1) => new(id, new byte[] { content }, Source.Api, atMs, "ada");

    private async Task<long[]> WriteAsync(DefinitionId id, byte content, long atMs = 1) => (await _store.ApplyAsync([Write(id, content, atMs)], default))!;

    private async Task<long[]> DeleteAsync(DefinitionId id) => (await _store.ApplyAsync([new DefinitionWrite(id, null, Source.Api, 1, "ada")], default))!;

    private async Task<List<string>> NamesAsync(DefinitionId after, bool isOneNamespace, int limit)
    {
        var names = new List<string>();
        while (true)
        {
            IReadOnlyList<StoredDefinition> page = await _store.ScanAsync(after, isOneNamespace, limit, default);
            if (page.Count == 0)
            {
                return names;
            }
            names.AddRange(page.Select(p => p.Id.Name));
            after = page[^1].Id;
        }
    }
}
