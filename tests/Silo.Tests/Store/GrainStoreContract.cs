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
    public async Task A_delete_needs_the_expected_version()
    {
        await SaveAsync(1, 0, 1);
        Assert.False(await _store.DeleteAsync(Id(1), 2, default));
        Assert.True(await _store.DeleteAsync(Id(1), 1, default));
        Assert.False(await _store.DeleteAsync(Id(1), GrainSave.AnyVersion, default));
        Assert.Null(await LoadAsync(1));
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

    private async Task<bool> SaveAsync(int i, long expected, int value, long forgetAtNs = long.MaxValue, ulong layout = 1)
    {
        bool[] saved = new bool[1];
        await _store.SaveAsync([Save(i, expected, value, forgetAtNs, layout)], saved, default);
        return saved[0];
    }

    private ValueTask<StoredGrain?> LoadAsync(int i) => _store.LoadAsync(Id(i), default);
}
