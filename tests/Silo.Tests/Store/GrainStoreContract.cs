using Quota.Silo.Store;

namespace Quota.Silo.Tests.Store;

/// <summary>What every implementation of the store port does. One subclass per implementation.</summary>
public abstract class GrainStoreContract : IAsyncLifetime
{
    private IGrainStore _store = null!;

    /// <summary>Opens the store; opening it again finds what was saved before.</summary>
    private protected abstract IGrainStore Open();

    public virtual Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_block_that_was_never_saved_is_absent() => Assert.Null(await LoadAsync(1));

    [Fact]
    public async Task A_saved_block_is_loaded_as_it_was_also_after_reopening()
    {
        Assert.True(await SaveAsync(1, 0, 42, forgetAtNs: 77, layout: ulong.MaxValue - 5));
        await _store.DisposeAsync();
        _store = Open();
        StoredGrain grain = (await LoadAsync(1))!.Value;
        Assert.Equal((ulong.MaxValue - 5, 1L, 77L), (grain.LayoutId, grain.Version, grain.ForgetAtNs));
        Assert.Equal([42, 0, 255], grain.State.ToArray());
    }

    [Fact]
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

    [Fact]
    public async Task A_batch_saves_what_it_may_and_says_what_that_was()
    {
        await SaveAsync(2, 0, 9);
        bool[] saved = new bool[3];
        await _store.SaveAsync([Save(1, 0, 1), Save(2, 0, 1), Save(3, GrainSave.AnyVersion, 1)], saved, default);
        Assert.Equal([true, false, true], saved);
        Assert.Equal(9, (await LoadAsync(2))!.Value.State.Span[0]);
    }

    [Fact]
    public async Task A_batch_above_its_bound_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await _store.SaveAsync([.. Enumerable.Range(0, IGrainStore.SaveBatchMax + 1).Select(i => Save(i, 0, 1))], new bool[2000], default));

    [Fact]
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

    [Fact]
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

    [Fact]
    public async Task A_commit_has_room_for_its_bound_and_no_more()
    {
        Assert.True(await _store.CommitAsync([.. Enumerable.Range(0, IGrainStore.CommitMax).Select(i => Commit(i, 0, 1, i))], default));
        Assert.Equal(95, (await LoadAsync(95))!.Value.State.Span[0]);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await _store.CommitAsync([.. Enumerable.Range(100, IGrainStore.CommitMax + 1).Select(i => Commit(i, 0, 1, i))], default));
    }

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Fact]
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

    private ValueTask<StoredGrain?> LoadAsync(int i) => _store.LoadAsync(Id(i), default);
}
