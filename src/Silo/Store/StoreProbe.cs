using System.Security.Cryptography;

namespace Quota.Silo.Store;

/// <summary>
/// Does once, on a block of its own, what a silo will do all the time: load, commit one, commit two, scan, delete. A right that
/// is missing is found at start and not at the first decision.
/// </summary>
internal static class StoreProbe
{
    /// <summary>First byte of a probe's id; no block of a key has it.</summary>
    public const byte Kind = 0;

    private const long KeptNs = 3_600_000_000_000;

    /// <exception cref="StoreException">What failed and why.</exception>
    public static async Task RunAsync(IGrainStore store, CancellationToken cancellation)
    {
        byte[] first = [Kind, .. RandomNumberGenerator.GetBytes(16)];
        byte[] second = [.. first, 2];
        // If the silo ends between these steps, what stays is forgotten.
        long forgetAtNs = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000) + KeptNs;
        var grain = new StoredGrain(0, 1, forgetAtNs, new byte[] { 1 });
        string step = "loading a block";
        try
        {
            await store.LoadAsync(first, cancellation).ConfigureAwait(false);
            step = "inserting a block";
            bool held = await store.CommitAsync([new GrainSave(first, 0, grain)], cancellation).ConfigureAwait(false);
            step = "saving two blocks in one transaction";
            held &= await store.CommitAsync([new GrainSave(first, 1, grain with { Version = 2 }), new GrainSave(second, 0, grain)], cancellation).ConfigureAwait(false);
            step = "saving a block";
            bool[] saved = new bool[1];
            await store.SaveAsync([new GrainSave(first, GrainSave.AnyVersion, grain)], saved, cancellation).ConfigureAwait(false);
            step = "scanning";
            IReadOnlyList<(byte[] Id, StoredGrain Grain)> found = await store.ScanAsync(first, default, 3, cancellation).ConfigureAwait(false);
            step = "deleting blocks";
            held &= await store.CommitAsync([new GrainSave(first, 3, default) { IsDeletion = true }, new GrainSave(second, 1, default) { IsDeletion = true }], cancellation).ConfigureAwait(false);
            step = "reading layouts";
            await store.LoadLayoutsAsync(cancellation).ConfigureAwait(false);
            step = "saving a number";
            await store.SaveNumberAsync("opened_at_ms", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), cancellation).ConfigureAwait(false);
            step = "reading a number";
            await store.LoadNumberAsync("opened_at_ms", cancellation).ConfigureAwait(false);
            step = "finding what was saved";
            if (!held || !saved[0] || found.Count != 2)
            {
                throw new StoreException("the store does not keep its contract");
            }
        }
        catch (StoreException e)
        {
            throw new StoreException($"{step} failed: {e.Message}", e) { MayPass = e.MayPass };
        }
    }
}
