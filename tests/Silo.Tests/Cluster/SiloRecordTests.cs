using Quota.Silo.Cluster;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster;

/// <summary>The records of a cluster and of its silos. APPEND-ONLY: what is here has been written.</summary>
public sealed class SiloRecordTests
{
    private const string Silo = "FFFFFFFFFFFFFF7F" + "0101" + "0403020106050807090A0B0C0D0E0F10" + "02" + "1100000000000000" + "1200000000000000"
        + "1300000000000000" + "14000000" + "1500000000000000" + "1600000000000000" + "0300613A31" + "0300312E32";

    [Fact]
    public void A_sign_of_life_has_these_bytes()
    {
        var record = new SiloRecord(new Guid("01020304-0506-0708-090a-0b0c0d0e0f10"), "a:1", "1.2", ExecutorKind.Orleans, 17, 18, true, new SiloNumbers(19, 20, 21, 22));
        Assert.Equal(Silo, Convert.ToHexString(record.Encode()));
        byte[] bytes = Convert.FromHexString(Silo);
        Assert.Equal(record, SiloRecord.Decode(bytes));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<StoreException>(() => SiloRecord.Decode(bytes.AsSpan(0, length)));
        }
        Assert.Equal("09612D31", Convert.ToHexString(SiloRecord.IdOf("a-1")));
    }

    [Fact]
    public async Task The_clusters_settings_have_these_bytes_and_are_compared()
    {
        var store = new MemoryGrainStore();
        byte[] id = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        var settings = new ClusterSettings { Executor = ExecutorKind.Shared, Store = new DynamoSettings(), Partitions = 64 };
        (ClusterRecord? first, string? error) = await ClusterRecord.JoinAsync(store, settings, id, default);
        Assert.Null(error);
        (byte[] key, StoredGrain grain) = Assert.Single(await store.ScanAsync(new byte[] { 10 }, default, 10, default));
        Assert.Equal(("0A73657474696E6773", "FFFFFFFFFFFFFF7F" + "01" + "0100" + "01" + "40000000" + "0102030405060708090A0B0C0D0E0F10"), (Convert.ToHexString(key), Convert.ToHexString(grain.State.Span)));
        (ClusterRecord? second, _) = await ClusterRecord.JoinAsync(store, settings, new byte[16], default);
        Assert.Equal(first!.Id, second!.Id);
        Assert.Equal("server.partitions: the silos of this store have 64 partitions, this one is configured for 128", (await ClusterRecord.JoinAsync(store, settings with { Partitions = 128 }, id, default)).Error);
        Assert.Equal("server.executor: the silos of this store run shared, this one is configured for orleans", (await ClusterRecord.JoinAsync(store, settings with { Executor = ExecutorKind.Orleans }, id, default)).Error);
        Assert.True(await store.CommitAsync([new GrainSave(key, 1, grain with { Version = 2, State = (first with { Format = 2 }).Encode() })], default));
        Assert.Equal("server.store: it has format 2, this build reads 1", (await ClusterRecord.JoinAsync(store, settings, id, default)).Error);
    }

    [Fact]
    public async Task Of_two_first_silos_one_names_the_cluster()
    {
        var store = new MemoryGrainStore();
        var settings = new ClusterSettings { Executor = ExecutorKind.Shared, Store = new DynamoSettings() };
        (ClusterRecord? Cluster, string? Error) other = default;
        store.BeforeCommit = _ =>
        {
            store.BeforeCommit = null;
            other = ClusterRecord.JoinAsync(store, settings, [.. Enumerable.Repeat((byte)2, 16)], default).AsTask().GetAwaiter().GetResult();
        };
        (ClusterRecord? cluster, _) = await ClusterRecord.JoinAsync(store, settings, [.. Enumerable.Repeat((byte)1, 16)], default);
        Assert.Equal(other.Cluster!.Id, cluster!.Id);
    }
}
