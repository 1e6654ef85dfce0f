using System.Text;
using Quota.Contracts;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Store;

/// <summary>What every implementation of the store port does. One subclass per implementation.</summary>
public abstract class GrainStoreContract : IAsyncLifetime
{
    private IGrainStore _store = null!;

    /// <summary>Opens the store; opening it again finds what was saved before.</summary>
    private protected abstract Task<IGrainStore> OpenAsync();

    public virtual async Task InitializeAsync() => _store = await OpenAsync();

    public virtual async Task DisposeAsync()
    {
        // Null if it could not be opened.
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    [ServerFact]
    public async Task A_block_that_was_never_saved_is_absent() => Assert.Null(await LoadAsync(1));

    [ServerFact]
    public async Task A_saved_block_is_loaded_as_it_was_also_after_reopening()
    {
        Assert.True(await SaveAsync(1, 0, 42, forgetAtNs: 77, layout: ulong.MaxValue - 5));
        await _store.DisposeAsync();
        _store = await OpenAsync();
        StoredGrain grain = (await LoadAsync(1))!.Value;
        Assert.Equal((ulong.MaxValue - 5, 1L, 77L), (grain.LayoutId, grain.Version, grain.ForgetAtNs));
        Assert.Equal([42, 0, 255], grain.State.ToArray());
    }

    [ServerFact]
    public async Task A_save_succeeds_only_on_the_expected_version()
    {
        Assert.False(await SaveAsync(1, 1, 1));
        Assert.True(await SaveAsync(1, 0, 2));
        Assert.False(await SaveAsync(1, 0, 3));
        Assert.True(await SaveAsync(1, 1, 4));
        Assert.False(await SaveAsync(1, 1, 5));
        Assert.True(await SaveAsync(1, GrainSave.AnyVersion, 6));
        StoredGrain grain = (await LoadAsync(1))!.Value;
        Assert.Equal((3L, (byte)6), (grain.Version, grain.State.Span[0]));
    }

    [ServerFact]
    public async Task A_batch_saves_what_it_may_and_says_what_that_was()
    {
        await SaveAsync(2, 0, 9);
        bool[] saved = new bool[3];
        await _store.SaveAsync([Save(1, 0, 1), Save(2, 0, 1), Save(3, GrainSave.AnyVersion, 1)], saved, default);
        Assert.Equal([true, false, true], saved);
        Assert.Equal(9, (await LoadAsync(2))!.Value.State.Span[0]);
    }

    [ServerFact]
    public async Task A_batch_above_its_bound_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await _store.SaveAsync([.. Enumerable.Range(0, IGrainStore.SaveBatchMax + 1).Select(i => Save(i, 0, 1))], new bool[2000], default));

    [ServerFact]
    public async Task A_deletion_needs_the_expected_version()
    {
        await SaveAsync(1, 0, 1);
        Assert.False(await _store.CommitAsync([Deletion(1, 2)], default));
        Assert.False(await _store.CommitAsync([Deletion(1, 0)], default));
        Assert.True(await _store.CommitAsync([Deletion(1, 1)], default));
        Assert.Null(await LoadAsync(1));
        Assert.True(await _store.CommitAsync([Deletion(1, 0)], default));
        bool[] saved = new bool[2];
        await SaveAsync(2, 0, 1);
        await _store.SaveAsync([Deletion(2, 7), Deletion(3, GrainSave.AnyVersion)], saved, default);
        Assert.Equal([false, true], saved);
        await _store.SaveAsync([Deletion(2, 1), Deletion(4, 0)], saved, default);
        Assert.Equal([true, true], saved);
        Assert.Null(await LoadAsync(2));
    }

    [ServerFact]
    public async Task A_commit_saves_everything_or_nothing()
    {
        Assert.True(await _store.CommitAsync([Commit(1, 0, 100, 1), Commit(2, 0, 100, 2)], default));
        Assert.False(await _store.CommitAsync([Commit(3, 0, 7, 3), Commit(1, 99, 101, 9)], default));
        Assert.Null(await LoadAsync(3));
        Assert.False(await _store.CommitAsync([Commit(3, 0, 7, 3), Commit(2, 0, 101, 9), Deletion(1, 100)], default));
        Assert.Equal((100L, (byte)2), ((await LoadAsync(2))!.Value.Version, (await LoadAsync(2))!.Value.State.Span[0]));
        Assert.True(await _store.CommitAsync([Commit(3, 0, 7, 3), Commit(2, 100, 250, 9), Deletion(1, 100)], default));
        Assert.Null(await LoadAsync(1));
        Assert.Equal((7L, 250L), ((await LoadAsync(3))!.Value.Version, (await LoadAsync(2))!.Value.Version));
    }

    [ServerFact]
    public async Task A_commit_has_room_for_its_bound_and_no_more()
    {
        Assert.True(await _store.CommitAsync([.. Enumerable.Range(0, _store.CommitItemsMax).Select(i => Commit(i, 0, 1, i))], default));
        Assert.InRange(_store.CommitItemsMax, 10, IGrainStore.CommitMax);
        Assert.Equal(_store.CommitItemsMax - 1, (await LoadAsync(_store.CommitItemsMax - 1))!.Value.State.Span[0]);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await _store.CommitAsync([.. Enumerable.Range(100, _store.CommitItemsMax + 1).Select(i => Commit(i, 0, 1, i))], default));
    }

    [ServerFact]
    public async Task Concurrent_commits_of_overlapping_blocks_lose_nothing()
    {
        await _store.CommitAsync([Commit(0, 0, 1, 0), Commit(1, 0, 1, 0), Commit(2, 0, 1, 0)], default);
        int won = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 6), async (worker, _) =>
        {
            for (int i = 0; i < 15; i++)
            {
                int other = 1 + (worker % 2);
                (StoredGrain a, StoredGrain b) = ((await LoadAsync(0))!.Value, (await LoadAsync(other))!.Value);
                if (await _store.CommitAsync([Commit(0, a.Version, a.Version + 1, 0), Commit(other, b.Version, b.Version + 1, 0)], default))
                {
                    Interlocked.Increment(ref won);
                }
            }
        });
        Assert.True(won > 0);
        Assert.Equal(won + 1, (await LoadAsync(0))!.Value.Version);
        Assert.Equal(won + 2, (await LoadAsync(1))!.Value.Version + (await LoadAsync(2))!.Value.Version);
    }

    [ServerFact]
    public async Task A_scan_pages_through_a_prefix_in_order()
    {
        foreach (int i in Enumerable.Range(0, 50).Reverse())
        {
            await SaveAsync(i, 0, i);
        }
        await _store.SaveAsync([new GrainSave(new byte[] { 0 }, 0, Grain(1)), new GrainSave(new byte[] { 8 }, 0, Grain(1))], new bool[2], default);
        var seen = new List<byte>();
        byte[] after = [];
        for (int page = 0; page < 10; page++)
        {
            IReadOnlyList<(byte[] Id, StoredGrain Grain)> found = await _store.ScanAsync(new byte[] { 7 }, after, 7, default);
            seen.AddRange(found.Select(f => f.Grain.State.Span[0]));
            if (found.Count < 7)
            {
                break;
            }
            after = found[^1].Id;
        }
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (byte)i), seen);
    }

    [ServerFact]
    public async Task Forgetting_goes_round_and_deletes_what_is_past_its_time()
    {
        foreach (int i in Enumerable.Range(0, 20))
        {
            await SaveAsync(i, 0, i, forgetAtNs: i);
        }
        int deleted = 0;
        for (int call = 0; call < 8; call++)
        {
            deleted += await _store.ForgetAsync(10, 6, default);
        }
        Assert.Equal(10, deleted);
        Assert.Null(await LoadAsync(9));
        Assert.NotNull(await LoadAsync(10));
    }

    [ServerFact]
    public async Task Layouts_and_numbers_are_kept()
    {
        await _store.SaveLayoutAsync(ulong.MaxValue, new byte[] { 1, 2 }, default);
        await _store.SaveLayoutAsync(ulong.MaxValue, new byte[] { 3 }, default);
        await _store.SaveLayoutAsync(5, new byte[] { 4 }, default);
        IReadOnlyList<byte[]> layouts = await _store.LoadLayoutsAsync(default);
        Assert.Equal(["0102", "04"], layouts.Select(Convert.ToHexString).Order());
        Assert.Null(await _store.LoadNumberAsync("n", default));
        await _store.SaveNumberAsync("n", 1, default);
        await _store.SaveNumberAsync("n", long.MaxValue, default);
        Assert.Equal(long.MaxValue, await _store.LoadNumberAsync("n", default));
    }

    [ServerFact]
    public async Task Concurrent_saves_of_one_block_lose_nothing()
    {
        await SaveAsync(1, 0, 0);
        int won = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (_, _) =>
        {
            for (int i = 0; i < 20; i++)
            {
                long version = (await LoadAsync(1))!.Value.Version;
                if (await SaveAsync(1, version, 1))
                {
                    Interlocked.Increment(ref won);
                }
            }
        });
        Assert.Equal(won + 1, (await LoadAsync(1))!.Value.Version);
    }

    [ServerFact]
    public async Task Scans_of_prefixes_of_every_length_are_in_order_and_complete()
    {
        // Real ids of many keys: a store that spreads them has to put them together again.
        var ids = new List<byte[]>();
        foreach (string owner in (string[])["a", "ab", "\u00ff"])
        {
            foreach (int k in Enumerable.Range(0, 12))
            {
                byte[] key = [.. Encoding.UTF8.GetBytes($"k{k % 5}"), 0xFF, (byte)k, 0xFF];
                ids.Add(GrainId.PrefixOf(GrainId.ValueBlock, Encoding.UTF8.GetBytes(owner), key));
                ids.Add([.. ids[^1], 0xFF]);
                ids.Add([.. ids[^1], 0xFF]);
                ids.Add([.. GrainId.KeyPrefix(Encoding.UTF8.GetBytes(owner)), .. key]);
            }
        }
        ids.Add([0xFF]);
        ids.Add([0xFF, 0xFF]);
        ids.Add([0xFF, 0xFF, 0x01]);
        ids = [.. ids.DistinctBy(Convert.ToHexString)];
        Assert.All(await SaveAllAsync([.. ids.Select(id => new GrainSave(id, 0, Grain(1)))]), Assert.True);
        ids.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        byte[] longest = ids.MaxBy(id => id.Length)!;
        IEnumerable<byte[]> prefixes = [.. Enumerable.Range(1, longest.Length).Select(n => longest[..n]), [1], [2], [3], [0xFF], [0xFF, 0xFF], .. ids.Where((_, i) => i % 17 == 0)];
        foreach (byte[] prefix in prefixes)
        {
            string[] expected = [.. ids.Where(id => id.AsSpan().StartsWith(prefix)).Select(Convert.ToHexString)];
            foreach (int limit in (int[])[1, 7, 1000])
            {
                // Pages of one are asked for where there are few.
                if (limit > 1 || expected.Length < 20)
                {
                    Assert.Equal(expected, await ScanAllAsync(prefix, limit));
                }
            }
        }
    }

    [ServerFact]
    public async Task A_scan_goes_on_after_an_id_whether_or_not_it_is_there()
    {
        foreach (int i in (int[])[1, 3, 5, 255])
        {
            await SaveAsync(i, 0, i);
        }
        Assert.Equal("5 255", await AfterAsync([7, 4]));
        Assert.Equal("5 255", await AfterAsync([7, 3]));
        Assert.Equal("5 255", await AfterAsync([7, 3, 0]));
        Assert.Equal("", await AfterAsync([7, 255]));
        Assert.Equal("", await AfterAsync([9]));
        Assert.Equal("1 3 5 255", await AfterAsync([6, 200]));
        Assert.Equal("1 3 5 255", await AfterAsync([7]));

        async Task<string> AfterAsync(byte[] after) => string.Join(' ', (await _store.ScanAsync(new byte[] { 7 }, after, 10, default)).Select(f => f.Grain.State.Span[0]));
    }

    [ServerFact]
    public async Task Large_and_empty_states_are_kept()
    {
        byte[] large = new byte[300 * 1024];
        new Random(7).NextBytes(large);
        Assert.True(await _store.CommitAsync([new GrainSave(Id(1), 0, new StoredGrain(1, 1, 9, large)), new GrainSave(Id(2), 0, new StoredGrain(1, 1, 9, default))], default));
        Assert.True(await _store.CommitAsync([new GrainSave(Id(3), 0, new StoredGrain(1, 1, 9, large))], default));
        Assert.Equal(large, (await LoadAsync(1))!.Value.State.ToArray());
        Assert.Equal(0, (await LoadAsync(2))!.Value.State.Length);
        Assert.Equal(large, (await LoadAsync(3))!.Value.State.ToArray());
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> found = await _store.ScanAsync(new byte[] { 7 }, default, 10, default);
        Assert.Equal([large.Length, 0, large.Length], found.Select(f => f.Grain.State.Length));
        // A state that was there is gone once an empty one is saved.
        Assert.True(await SaveAsync(5, 0, 1));
        await _store.SaveAsync([new GrainSave(Id(5), GrainSave.AnyVersion, new StoredGrain(1, 0, long.MaxValue, default))], new bool[1], default);
        Assert.Equal(0, (await LoadAsync(5))!.Value.State.Length);
    }

    [ServerFact]
    public async Task The_longest_ids_are_told_apart()
    {
        byte[] common = [.. GrainId.PrefixOf(GrainId.ValueBlock, "acme"u8, "key"u8), .. new byte[Bounds.GrainIdBytesMax - 100]];
        byte[][] ids = [.. Enumerable.Range(0, 6).Select(i => (byte[])[.. common, (byte)i])];
        Assert.All(await SaveAllAsync([.. ids.Select((id, i) => new GrainSave(id, 0, Grain(i)))]), Assert.True);
        Assert.Equal(4, (await _store.LoadAsync(ids[4], default))!.Value.State.Span[0]);
        Assert.Equal(ids.Select(Convert.ToHexString), (await ScanAllAsync(common[..20], 2)).Order());
    }

    [ServerFact]
    public async Task A_commit_that_inserts_is_won_by_one()
    {
        for (int round = 0; round < 5; round++)
        {
            int[] won = [0];
            int block = round;
            await Parallel.ForEachAsync(Enumerable.Range(0, 6), async (worker, _) =>
            {
                if (await _store.CommitAsync([Commit(block, 0, 1, worker), Commit(100 + (worker * 10) + block, 0, 1, worker)], default))
                {
                    Interlocked.Increment(ref won[0]);
                }
            });
            Assert.Equal(1, won[0]);
            byte winner = (await LoadAsync(block))!.Value.State.Span[0];
            foreach (int worker in Enumerable.Range(0, 6))
            {
                Assert.Equal(worker == winner, await LoadAsync(100 + (worker * 10) + block) is not null);
            }
        }
    }

    [ServerFact]
    public async Task Two_commits_that_each_need_the_others_block_absent_do_not_both_succeed()
    {
        for (int round = 0; round < 10; round++)
        {
            (int a, int b) = (2 * round, (2 * round) + 1);
            bool[] held = await Task.WhenAll(
                Task.Run(async () => await _store.CommitAsync([Deletion(a, 0), Commit(b, 0, 1, 1)], default)),
                Task.Run(async () => await _store.CommitAsync([Deletion(b, 0), Commit(a, 0, 1, 1)], default)));
            Assert.Equal(1, held.Count(h => h));
            Assert.Equal(held[0], await LoadAsync(b) is not null);
            Assert.Equal(held[1], await LoadAsync(a) is not null);
        }
    }

    [ServerFact]
    public async Task What_many_transfer_between_blocks_is_neither_lost_nor_made()
    {
        const int Blocks = 6;
        await _store.CommitAsync([.. Enumerable.Range(0, Blocks).Select(i => Commit(i, 0, 1, 10))], default);
        await Parallel.ForEachAsync(Enumerable.Range(0, 5), async (worker, _) =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 12; i++)
            {
                (int from, int to) = (random.Next(Blocks), random.Next(Blocks));
                (StoredGrain a, StoredGrain b) = ((await LoadAsync(from))!.Value, (await LoadAsync(to))!.Value);
                if (from != to && a.State.Span[0] > 0)
                {
                    await _store.CommitAsync([Commit(from, a.Version, a.Version + 1, a.State.Span[0] - 1), Commit(to, b.Version, b.Version + 1, b.State.Span[0] + 1)], default);
                }
            }
        });
        int sum = 0;
        foreach (int i in Enumerable.Range(0, Blocks))
        {
            sum += (await LoadAsync(i))!.Value.State.Span[0];
        }
        Assert.Equal(10 * Blocks, sum);
    }

    [ServerFact]
    public async Task A_deletion_that_expects_nothing_spares_what_is_there()
    {
        await SaveAsync(1, 0, 1);
        bool[] saved = await SaveAllAsync([Deletion(1, 0)]);
        Assert.Equal([false], saved);
        Assert.NotNull(await LoadAsync(1));
        Assert.True(Assert.Single(await SaveAllAsync([Deletion(1, GrainSave.AnyVersion)])));
        Assert.Null(await LoadAsync(1));
    }

    [ServerFact]
    public async Task A_cancelled_call_changes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.CommitAsync([Commit(1, 0, 1, 1)], cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.CommitAsync([Commit(1, 0, 1, 1), Commit(2, 0, 1, 1)], cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.SaveAsync([Save(1, 0, 1)], new bool[1], cancelled.Token));
        Assert.Null(await LoadAsync(1));
        Assert.Null(await LoadAsync(2));
    }

    private static byte[] Id(int i) => [7, (byte)i];

    private static StoredGrain Grain(int value, long forgetAtNs = long.MaxValue, ulong layout = 1) => new(layout, 0, forgetAtNs, new byte[] { (byte)value, 0, 255 });

    private static GrainSave Save(int i, long expected, int value, long forgetAtNs = long.MaxValue, ulong layout = 1) => new(Id(i), expected, Grain(value, forgetAtNs, layout));

    private static GrainSave Commit(int i, long expected, long version, int value) => new(Id(i), expected, Grain(value) with { Version = version });

    private static GrainSave Deletion(int i, long expected) => new(Id(i), expected, default) { IsDeletion = true };

    private async Task<bool> SaveAsync(int i, long expected, int value, long forgetAtNs = long.MaxValue, ulong layout = 1)
    {
        bool[] saved = new bool[1];
        await _store.SaveAsync([Save(i, expected, value, forgetAtNs, layout)], saved, default);
        return saved[0];
    }

    private async Task<bool[]> SaveAllAsync(GrainSave[] saves)
    {
        bool[] saved = new bool[saves.Length];
        await _store.SaveAsync(saves, saved, default);
        return saved;
    }

    /// <summary>All ids with a prefix, page by page, in hexadecimal.</summary>
    private async Task<List<string>> ScanAllAsync(byte[] prefix, int limit)
    {
        var seen = new List<string>();
        byte[] after = [];
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> page;
        do
        {
            page = await _store.ScanAsync(prefix, after, limit, default);
            Assert.True(page.Count <= limit);
            seen.AddRange(page.Select(f => Convert.ToHexString(f.Id)));
            after = page.Count > 0 ? page[^1].Id : after;
        }
        while (page.Count > 0 && seen.Count < 1000);
        return seen;
    }

    private ValueTask<StoredGrain?> LoadAsync(int i) => _store.LoadAsync(Id(i), default);
}
