using System.Buffers.Binary;
using System.Text;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// What the shared store keeps of erasures beside the change log: the head, which names the beginning that was appended last, and of
/// each erasure under way a note with the key's name, the only place where the name is meanwhile. APPEND-ONLY (golden test:
/// ChangeLogGoldenTests):
/// <code>
/// head: id u8 11;                                            i64 "never to be forgotten", u8 1, i64 record
/// note: id u8 11, u8 namespace length, namespace, pseudonym; i64 "never to be forgotten", u8 1, the key's name in UTF-8
/// </code>
/// Both are saved in the commits that begin and end an erasure, so a note is there exactly while its erasure is under way.
/// </summary>
internal sealed class ErasureNotes(IGrainStore store)
{
    private const byte Format = 1;
    private const int HeadBytes = RecordHead.Bytes + 1;
    private static readonly byte[] HeadId = [GrainId.ErasureRecord];

    /// <summary>The beginning that was appended last (0: none), and the head's version.</summary>
    /// <exception cref="StoreException">The store cannot be read, or holds what this build cannot read.</exception>
    public async ValueTask<(long Record, long Version)> HeadAsync(CancellationToken cancellation)
    {
        if (await store.LoadAsync(HeadId, cancellation).ConfigureAwait(false) is not { } head)
        {
            return (0, 0);
        }
        return (BinaryPrimitives.ReadInt64LittleEndian(Content(head, sizeof(long)).Span), head.Version);
    }

    /// <summary>The name of the key whose erasure is under way, and the note's version; null if the erasure has ended.</summary>
    /// <exception cref="StoreException">The store cannot be read, or holds what this build cannot read.</exception>
    public async ValueTask<(string Name, long Version)?> NameAsync(string owner, string pseudonym, CancellationToken cancellation) =>
        await store.LoadAsync(NoteId(owner, pseudonym), cancellation).ConfigureAwait(false) is { } note
            ? (Encoding.UTF8.GetString(Content(note, 1).Span), note.Version)
            : default((string, long)?);

    /// <summary>What is saved beside the beginning of an erasure.</summary>
    public static GrainSave[] Begin(long record, long headVersion, string owner, string pseudonym, string name) =>
    [
        Save(HeadId, headVersion, Little(record)),
        Save(NoteId(owner, pseudonym), 0, Encoding.UTF8.GetBytes(name)),
    ];

    /// <summary>What is saved beside the end of an erasure.</summary>
    public static GrainSave[] End(string owner, string pseudonym, long noteVersion) =>
        [new(NoteId(owner, pseudonym), noteVersion, new StoredGrain(0, noteVersion + 1, RecordHead.Never, RecordHead.Tombstone.ToArray())) { IsDeletion = true }];

    private static byte[] NoteId(string owner, string pseudonym)
    {
        byte[] ownerUtf8 = Encoding.UTF8.GetBytes(owner);
        return [GrainId.ErasureRecord, (byte)ownerUtf8.Length, .. ownerUtf8, .. Encoding.UTF8.GetBytes(pseudonym)];
    }

    private static byte[] Little(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static GrainSave Save(byte[] id, long expected, ReadOnlySpan<byte> content)
    {
        byte[] state = new byte[HeadBytes + content.Length];
        RecordHead.Write(state, RecordHead.Never);
        state[RecordHead.Bytes] = Format;
        content.CopyTo(state.AsSpan(HeadBytes));
        return new GrainSave(id, expected, new StoredGrain(0, expected + 1, RecordHead.Never, state));
    }

    private static ReadOnlyMemory<byte> Content(in StoredGrain grain, int bytesMin) =>
        grain.State.Length >= HeadBytes + bytesMin && grain.State.Span[RecordHead.Bytes] == Format
            ? grain.State[HeadBytes..]
            : throw new StoreException("the store holds a record of erasures that this build cannot read");
}
