using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Definitions;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// Takes a key's name out of the shared store: 1. waits until the leases that silos held on it are settled; 2. ends reservations
/// that name it, as they were told to; 3. moves the usage section into its month and deletes the key's block, as one step; 4. moves each
/// month to the pseudonym, one step per month; 5. deletes everything else that names it.
/// <para>
/// Safety: every step is a commit under conditions, beside whatever other silos do, and leaves every total as it was: usage is in the
/// key's block, or in its month under the one name, or in its month under the other, and each move is one commit. A stop between two
/// steps leaves a state from which all of them can be run again, by any silo. A lease is in its book until what was spent of it
/// is booked, so the months move only after everything that was spent before the erasure began. A lease that is granted meanwhile
/// belongs to a key that is asked about meanwhile: a new one, of the same name. It stays in its book, and is settled to that key.
/// </para>
/// No state of its own; two erasures of one key do the same work.
/// </summary>
internal sealed class SharedKeyEraser(SharedGrains grains, IGrainStore store, LeaseDesk desk, IClock clock, SharedRuntime runtime, Func<IReadOnlyList<string>> absent) : IKeyEraser
{
    private readonly KeyLeases _leases = new(grains, store, desk, clock, runtime);

    public IReadOnlyList<string> Remains =>
    [
        "journals and tables of the silos that decided for the key lately, until checkpoints release them and it has been idle there",
        .. absent().Select(silo => $"the data directory of silo {silo}, which does not run, until it is started again"),
    ];

    public async ValueTask<bool> KnowsAsync(NamespaceModel owner, byte[] key, CancellationToken cancellation)
    {
        await grains.Settler!.SettleKeyAsync(UsageMover.KeyId(owner, key)).ConfigureAwait(false);
        return await StoredKey.IsThereAsync(store, owner, key, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<string?> EraseAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation)
    {
        byte[] keyId = UsageMover.KeyId(owner, key);
        try
        {
            if (await _leases.SettleAsync(owner, key, keyId, cancellation).ConfigureAwait(false) is { } unsettled)
            {
                return unsettled;
            }
            StepFault? fault = await EndReservationsAsync(owner, key, keyId, cancellation).ConfigureAwait(false)
                ?? await RunAsync([keyId], transaction => StoredKey.CloseBlock(transaction, owner, keyId)).ConfigureAwait(false)
                ?? await MoveMonthsAsync(owner, key, pseudonym, cancellation).ConfigureAwait(false);
            if (fault is not null)
            {
                return fault.Value.Message;
            }
            await DeleteAsync(owner, key, keyId, cancellation).ConfigureAwait(false);
            grains.Runner.Drop(keyId);
            return null;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    public void Release(NamespaceModel owner, byte[] key) => _ = ReleaseAsync(UsageMover.KeyId(owner, key));

    private async Task ReleaseAsync(byte[] keyId)
    {
        // What cannot be settled now is settled when it has ended, as any lease.
        await grains.Settler!.SettleKeyAsync(keyId).ConfigureAwait(false);
        grains.Runner.Drop(keyId);
    }

    private async ValueTask<StepFault?> EndReservationsAsync(NamespaceModel owner, byte[] key, byte[] keyId, CancellationToken cancellation)
    {
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(Prefix(GrainId.ReservationRecord, owner), cancellation).ConfigureAwait(false))
        {
            if (!StoredKey.IsNamedBy(id, grain.State.Span, owner, key, keyId) || !ReservationState.IsOpen(grain.State.Span))
            {
                continue;
            }
            byte[] holder = StoredKey.HolderOf(id);
            StepFault? fault = await grains.Steps.RunAsync(
                ReservationState.Decode(grain.State.Span).KeyIds,
                bench => bench.Reservations.Expire(owner, holder, id, bench.At, isDue: true),
                StepFault? (cause) => cause).ConfigureAwait(false);
            if (fault is not null)
            {
                return fault;
            }
        }
        return null;
    }

    private async ValueTask<StepFault?> MoveMonthsAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation)
    {
        byte[][] keyIds = [UsageMover.KeyId(owner, key), UsageMover.KeyId(owner, pseudonym)];
        foreach (MonthLabel month in await StoredKey.MonthsAsync(store, owner, cancellation).ConfigureAwait(false))
        {
            (byte[] from, byte[] to) = (StoredKey.MonthId(owner, key, month), StoredKey.MonthId(owner, pseudonym, month));
            if (await RunAsync(keyIds, transaction => StoredKey.MoveMonth(transaction, from, to)).ConfigureAwait(false) is { } fault)
            {
                return fault;
            }
        }
        return null;
    }

    /// <summary>Deletes the key's other blocks, and what other keys remember of it.</summary>
    private async ValueTask DeleteAsync(NamespaceModel owner, byte[] key, byte[] keyId, CancellationToken cancellation)
    {
        foreach (byte kind in StoredKey.Kinds)
        {
            await DeleteAsync(GrainId.PrefixOf(kind, owner.NameUtf8, key), (_, _) => true, cancellation).ConfigureAwait(false);
        }
        foreach (byte kind in new[] { GrainId.RequestRecord, GrainId.ReservationRecord })
        {
            await DeleteAsync(Prefix(kind, owner), (id, grain) => StoredKey.IsNamedBy(id, grain.State.Span, owner, key, keyId), cancellation).ConfigureAwait(false);
        }
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(GrainId.PrefixOf(GrainId.LeaseRecord, owner.NameUtf8, key), cancellation).ConfigureAwait(false))
        {
            if (LeaseBook.TryDecode(grain.State, out List<LeaseEntry> leases) && leases.Count == 0)
            {
                // One that has changed meanwhile has a lease again, and stays.
                await store.CommitAsync([Deletion(id, grain)], cancellation).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask DeleteAsync(byte[] prefix, Func<byte[], StoredGrain, bool> which, CancellationToken cancellation)
    {
        var some = new List<GrainSave>();
        await foreach ((byte[] id, StoredGrain grain) in store.WalkAsync(prefix, cancellation).ConfigureAwait(false))
        {
            if (which(id, grain))
            {
                some.Add(Deletion(id, grain));
                if (some.Count == store.CommitItemsMax)
                {
                    await DeleteAsync(some, cancellation).ConfigureAwait(false);
                }
            }
        }
        await DeleteAsync(some, cancellation).ConfigureAwait(false);
    }

    /// <summary>Deletes blocks as they were read; together, or one by one if some have changed meanwhile.</summary>
    private async ValueTask DeleteAsync(List<GrainSave> some, CancellationToken cancellation)
    {
        if (some.Count > 0 && !await store.CommitAsync(some, cancellation).ConfigureAwait(false))
        {
            foreach (GrainSave one in some)
            {
                await DeleteOneAsync(one, cancellation).ConfigureAwait(false);
            }
        }
        some.Clear();
    }

    private async ValueTask DeleteOneAsync(GrainSave one, CancellationToken cancellation)
    {
        for (int attempt = 0; !await store.CommitAsync([one], cancellation).ConfigureAwait(false); attempt++)
        {
            if (await store.LoadAsync(one.Id, cancellation).ConfigureAwait(false) is not { } changed)
            {
                return;
            }
            if (attempt == Bounds.StoreAttemptsMax)
            {
                throw new StoreException("other silos change the key faster than it can be erased: stop asking about it");
            }
            one = Deletion(one.Id, changed);
        }
    }

    private static GrainSave Deletion(ReadOnlyMemory<byte> id, in StoredGrain grain) =>
        new(id, grain.Version, new StoredGrain(Grains.Model.CounterLayout.Record.Id, grain.Version + 1, 0, RecordHead.Tombstone.ToArray())) { IsDeletion = true };

    private static byte[] Prefix(byte kind, NamespaceModel owner) => [kind, (byte)owner.NameUtf8.Length, .. owner.NameUtf8];

    private Task<StepFault?> RunAsync(byte[][] keyIds, Action<GrainTransaction> body) => grains.Steps.RunAsync(
        keyIds,
        bench => bench.Run(keyIds, body),
        StepFault? (cause) => cause);
}
