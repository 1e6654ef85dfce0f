using System.Text;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>What defined keys cost in memory. Managed memory is measured, so nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(ImportMemoryTests), DisableParallelization = true)]
[Collection(nameof(ImportMemoryTests))]
public sealed class ImportMemoryTests
{
    private const int Keys = 100_000;

    [Fact]
    public async Task A_hundred_thousand_keys_are_imported_in_bounded_memory_and_survive_a_restart()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync();
        var lines = new StringBuilder("""
            {"namespace":{"name":"shop"}}
            {"plan":{"namespace":"shop","name":"p","limits":[{"name":"hour","rate":{"amount":"5","period":"1h"}}]}}

            """);
        for (int i = 0; i < Keys; i++)
        {
            lines.Append($$$"""{"key":{"namespace":"shop","name":"key-{{{i:d10}}}","plan":"p"}}""").Append('\n');
        }
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal($"{Keys + 2}", (await silo.Admin.ImportAsync(lines.ToString())).GetProperty("created").GetString());
        long perKey = (GC.GetTotalMemory(forceFullCollection: true) - before) / Keys;
        GC.KeepAlive(lines);
        // 14 bytes of name included; the store's own cache is not managed memory.
        Assert.InRange(perKey, 50, 264);
        Assert.Null(await silo.RestartAsync());
        Assert.Equal(Keys, silo.Host.Catalog.Current.Namespaces.Find("shop")!.Keys.Count);
        Assert.Equal(5, await silo.Checks.RemainingAsync("shop", "key-0000099999", "hour"));
    }
}
