using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster.Forwarding;

public sealed class PartitionRecordsTests : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqliteGrainStore _store;
    private readonly PartitionRecords _records;

    public PartitionRecordsTests()
    {
        _store = new SqliteGrainStore(Path.Combine(_folder.Path, "grains.db"));
        _records = new PartitionRecords(_store);
    }

    [Fact]
    public async Task Each_owner_of_a_partition_has_an_epoch_of_its_own()
    {
        Assert.Null(await _records.OwnerAsync(7, CancellationToken.None));
        Assert.Equal(1, await _records.TakeAsync(7, "a", CancellationToken.None));
        Assert.Equal(2, await _records.TakeAsync(7, "b", CancellationToken.None));
        Assert.Equal(("b", 2L), await _records.OwnerAsync(7, CancellationToken.None));
        Assert.Equal(1, await _records.TakeAsync(8, "a", CancellationToken.None));
    }

    [Fact]
    public async Task Silos_that_take_a_partition_at_once_get_different_epochs()
    {
        long[] epochs = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () => await _records.TakeAsync(3, "silo-" + i, CancellationToken.None))));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], epochs.Order());
    }

    [Fact]
    public async Task What_the_store_keeps_is_the_same_in_every_version()
    {
        await _records.TakeAsync(258, "10.0.0.1:11111", CancellationToken.None);
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> kept = await _store.ScanAsync(new byte[] { 10 }, default, 10, CancellationToken.None);
        Assert.Equal(
            ["0A706172746974696F6E2F00000102 FFFFFFFFFFFFFF7F010E0000010000000000000031302E302E302E313A3131313131"],
            kept.Select(k => $"{Convert.ToHexString(k.Id)} {Convert.ToHexString(k.Grain.State.Span)}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }
}
