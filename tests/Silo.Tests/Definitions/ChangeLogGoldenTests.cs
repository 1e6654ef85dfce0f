using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>The bytes of the change log. APPEND-ONLY: what is here has been written.</summary>
public sealed class ChangeLogGoldenTests
{
    public static TheoryData<string, string> Batches => new()
    {
        { "writes", "0102000000010100610000010100000000000000020061640300000001020303010061010062020200000000000000010062FFFFFFFF" },
        { "begin", "050100610100700500000000000000010064030000000000000002000000" + "07000000000000000000000001" + "09000000000000000200000000" },
        { "end", "03010061010070" },
        { "adopted", "040600000000000000020068680100730800000000000000" },
    };

    [Theory]
    [MemberData(nameof(Batches))]
    public void A_batch_has_these_bytes(string name, string hex)
    {
        ChangeBatch batch = name switch
        {
            "writes" => new ChangeBatch
            {
                Writes =
                [
                    new DefinitionWrite(DefinitionId.OfNamespace("a"), new byte[] { 1, 2, 3 }, Source.Api, 1, "ad"),
                    new DefinitionWrite(DefinitionId.OfKey("a", "b"), null, Source.File, 2, "b"),
                ],
            },
            "begin" => new ChangeBatch { Begin = new ErasureBegin("a", "p", 5, "d", 3, [new NamingEntry(7, 0, true), new NamingEntry(9, 2, false)]) },
            "end" => new ChangeBatch { End = new ErasureEnd("a", "p") },
            _ => new ChangeBatch { Adopted = new FileMark(6, "hh", "s", 8) },
        };
        Assert.Equal(hex, Convert.ToHexString(ChangeBatchCodec.Encode(batch)));
        ChangeBatch read = ChangeBatchCodec.Decode(Convert.FromHexString(hex));
        Assert.Equal(hex, Convert.ToHexString(ChangeBatchCodec.Encode(read)));
        Assert.Equal((batch.End, batch.Adopted, batch.Begin?.Pseudonym), (read.End, read.Adopted, read.Begin?.Pseudonym));
        for (int length = 0; length < hex.Length / 2; length++)
        {
            Assert.Throws<StoreException>(() => ChangeBatchCodec.Decode(Convert.FromHexString(hex)[..length]));
        }
        Assert.Throws<StoreException>(() => ChangeBatchCodec.Decode(Convert.FromHexString(hex + "00")));
        Assert.Throws<StoreException>(() => ChangeBatchCodec.Decode(new byte[] { 9 }));
        Assert.Throws<StoreException>(() => ChangeBatchCodec.Decode(new byte[] { 2 }));
    }

    [Fact]
    public async Task A_record_has_this_id_and_this_head()
    {
        var store = new MemoryGrainStore();
        var log = new ChangeLog(store);
        Assert.NotNull(await log.TryAppendAsync(0, new ChangeBatch { End = new ErasureEnd("a", "p") }));
        (byte[] id, StoredGrain grain) = Assert.Single(await store.ScanAsync(new byte[] { GrainId.ChangeRecord }, default, 10, default));
        Assert.Equal("080000000000000001", Convert.ToHexString(id));
        Assert.Equal("FFFFFFFFFFFFFF7F0103" + "03010061010070", Convert.ToHexString(grain.State.Span));
        Assert.Equal((1L, long.MaxValue, 0UL), (grain.Version, grain.ForgetAtNs, grain.LayoutId));
    }

    [Fact]
    public async Task What_is_kept_of_erasures_has_these_bytes()
    {
        var store = new MemoryGrainStore();
        var log = new ChangeLog(store);
        Assert.True(await store.CommitAsync(ErasureNotes.Begin(7, 0, "a", "p", "name"), default));
        IReadOnlyList<(byte[] Id, StoredGrain Grain)> rows = await store.ScanAsync(new byte[] { GrainId.ErasureRecord }, default, 10, default);
        Assert.Equal(["0B", "0B016170"], rows.Select(r => Convert.ToHexString(r.Id)));
        Assert.Equal(["FFFFFFFFFFFFFF7F010700000000000000", "FFFFFFFFFFFFFF7F016E616D65"], rows.Select(r => Convert.ToHexString(r.Grain.State.Span)));
        Assert.Equal((7, 1), await log.Notes.HeadAsync(default));
        Assert.Equal(("name", 1), await log.Notes.NameAsync("a", "p", default));
        Assert.True(await store.CommitAsync(ErasureNotes.End("a", "p", 1), default));
        Assert.Null(await log.Notes.NameAsync("a", "p", default));
    }
}
