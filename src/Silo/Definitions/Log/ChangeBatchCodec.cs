using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Quota.Contracts.V1;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// A batch as bytes. APPEND-ONLY (golden test: ChangeLogGoldenTests). Integers are little-endian, text is UTF-8.
/// <code>
/// u8 1, i32 count, then per definition: id, u8 source, i64 at ms, text actor, i32 content length or -1 for a deletion, content
/// u8 2: not used
/// u8 3, text namespace, text pseudonym
/// u8 4, i64 revision, text hash, text silo, i64 at ms
/// u8 5, text namespace, text pseudonym, i64 at ms, text actor, i64 previous record, i32 count, then per entry: i64 record, i32 index, u8 own
/// id: u8 kind, text namespace, text name; text: u16 length, bytes
/// </code>
/// </summary>
internal static class ChangeBatchCodec
{
    private const byte WritesTag = 1;
    private const byte EndTag = 3;
    private const byte AdoptedTag = 4;
    private const byte BeginTag = 5;
    private const int EntryBytes = sizeof(long) + sizeof(int) + 1;

    public static byte[] Encode(ChangeBatch batch)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        if (batch.Begin is { } begin)
        {
            Byte(bytes, BeginTag);
            Text(bytes, begin.Namespace);
            Text(bytes, begin.Pseudonym);
            Long(bytes, begin.AtMs);
            Text(bytes, begin.Actor);
            Long(bytes, begin.Previous);
            Int(bytes, begin.Entries.Count);
            foreach (NamingEntry entry in begin.Entries)
            {
                Long(bytes, entry.Record);
                Int(bytes, entry.Index);
                Byte(bytes, entry.IsOwn ? (byte)1 : (byte)0);
            }
        }
        else if (batch.End is { } end)
        {
            Byte(bytes, EndTag);
            Text(bytes, end.Namespace);
            Text(bytes, end.Pseudonym);
        }
        else if (batch.Adopted is { } mark)
        {
            Byte(bytes, AdoptedTag);
            Long(bytes, mark.Revision);
            Text(bytes, mark.Hash);
            Text(bytes, mark.Silo);
            Long(bytes, mark.AtMs);
        }
        else
        {
            Byte(bytes, WritesTag);
            Int(bytes, batch.Writes.Count);
            foreach (DefinitionWrite write in batch.Writes)
            {
                Write(bytes, write);
            }
        }
        return bytes.WrittenSpan.ToArray();
    }

    /// <exception cref="StoreException">The bytes are none that this build reads.</exception>
    public static ChangeBatch Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var reader = new ChangeReader(bytes);
            ChangeBatch batch = Decode(ref reader);
            return reader.IsAtEnd ? batch : throw new StoreException("the change log holds a batch that is longer than it says");
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new StoreException("the change log holds a batch that ends too early", e);
        }
    }

    private static ChangeBatch Decode(ref ChangeReader reader)
    {
        byte tag = reader.Byte();
        switch (tag)
        {
            case WritesTag:
                int count = reader.Int();
                var writes = new List<DefinitionWrite>(Math.Min(count, 4096));
                for (int i = 0; i < count; i++)
                {
                    writes.Add(new DefinitionWrite(reader.Id(), default, (Source)reader.Byte(), reader.Long(), reader.Text()) { Content = reader.Content() });
                }
                return new ChangeBatch { Writes = writes };
            case BeginTag:
                (string owner, string pseudonym, long atMs, string actor, long previous) = (reader.Text(), reader.Text(), reader.Long(), reader.Text(), reader.Long());
                var entries = new NamingEntry[reader.Count(EntryBytes)];
                for (int i = 0; i < entries.Length; i++)
                {
                    entries[i] = new NamingEntry(reader.Long(), reader.Int(), reader.Byte() != 0);
                }
                return new ChangeBatch { Begin = new ErasureBegin(owner, pseudonym, atMs, actor, previous, entries) };
            case EndTag:
                return new ChangeBatch { End = new ErasureEnd(reader.Text(), reader.Text()) };
            case AdoptedTag:
                return new ChangeBatch { Adopted = new FileMark(reader.Long(), reader.Text(), reader.Text(), reader.Long()) };
            default:
                throw new StoreException($"the change log holds a batch of kind {tag}, which this build cannot read");
        }
    }

    private static void Write(ArrayBufferWriter<byte> bytes, in DefinitionWrite write)
    {
        Id(bytes, write.Id);
        Byte(bytes, (byte)write.Source);
        Long(bytes, write.AtMs);
        Text(bytes, write.Actor);
        Int(bytes, write.Content?.Length ?? -1);
        bytes.Write((write.Content ?? default).Span);
    }

    private static void Id(ArrayBufferWriter<byte> bytes, DefinitionId id)
    {
        Byte(bytes, (byte)id.Kind);
        Text(bytes, id.Namespace);
        Text(bytes, id.Name);
    }

    private static void Byte(ArrayBufferWriter<byte> bytes, byte value) => bytes.Write([value]);

    private static void Int(ArrayBufferWriter<byte> bytes, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(sizeof(int)), value);
        bytes.Advance(sizeof(int));
    }

    private static void Long(ArrayBufferWriter<byte> bytes, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes.GetSpan(sizeof(long)), value);
        bytes.Advance(sizeof(long));
    }

    private static void Text(ArrayBufferWriter<byte> bytes, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.GetSpan(sizeof(ushort)), checked((ushort)length));
        bytes.Advance(sizeof(ushort));
        bytes.Advance(Encoding.UTF8.GetBytes(text, bytes.GetSpan(length)));
    }
}
