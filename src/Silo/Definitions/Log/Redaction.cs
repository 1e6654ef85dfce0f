using Quota.Grains;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// How an erasure changes what was logged before it: the pseudonym takes the place of the key's name, and the key's labels and note
/// go. What is changed is found by its place in the log, never by its content.
/// <para>
/// Safety of an erasure in the log. 1. It begins with a batch that lists everything that names the key. The list is complete, because the
/// batch is appended only behind everything it was made from. In the same commit the erasures' head names it, so that it can be
/// found without reading on. 2. A silo then rewrites what is listed. That only ever repeats this function, which gives the same
/// however often it is applied and in whichever order with those of other erasures: no two list one entry as their own, because
/// each lists what its replica called by the name then, and what an earlier one lists is called by that one's pseudonym. So any silo may
/// finish or repeat the rewriting. 3. With the name gone from all of it, one commit appends the end and deletes the note that holds the
/// name.
/// </para>
/// <para>
/// A replica reads a part of the log first and the erasures' head after that. If it has read anything rewritten, the erasure had
/// begun before, so it knows of it; and before it takes in the part it applies every erasure it knows of to the part and to
/// what it holds. So it does not matter which of the records it read were rewritten, nor when it was away: at every place of
/// the log it is what one would be that had always called these keys by their pseudonyms, and no state mixes both. At the end of the
/// log all replicas know of the same erasures, and are equal.
/// </para>
/// </summary>
internal sealed class Redaction
{
    private readonly Dictionary<long, List<NamingEntry>> _byRecord = [];

    /// <param name="record">First record of the beginning.</param>
    /// <param name="begin">What it says.</param>
    public Redaction(long record, ErasureBegin begin)
    {
        (Record, Begin) = (record, begin);
        foreach (NamingEntry entry in begin.Entries)
        {
            if (!_byRecord.TryGetValue(entry.Record, out List<NamingEntry>? entries))
            {
                _byRecord.Add(entry.Record, entries = []);
            }
            entries.Add(entry);
        }
    }

    public long Record { get; }

    public ErasureBegin Begin { get; }

    /// <summary>First records of the batches it changes.</summary>
    public IEnumerable<long> Records => _byRecord.Keys;

    /// <summary>A batch as it is to be read.</summary>
    public LoggedBatch Apply(in LoggedBatch logged) => logged with { Batch = Apply(logged.First, logged.Batch) };

    /// <summary>The batch that begins with a record as it is to be read.</summary>
    public ChangeBatch Apply(long first, ChangeBatch batch)
    {
        if (!_byRecord.TryGetValue(first, out List<NamingEntry>? entries))
        {
            return batch;
        }
        DefinitionWrite[] writes = [.. batch.Writes];
        foreach (NamingEntry entry in entries)
        {
            DefinitionWrite write = writes[entry.Index];
            Invariant.Check(write.Id.Kind == DefinitionKind.Key && write.Id.Namespace == Begin.Namespace);
            writes[entry.Index] = write with
            {
                Id = entry.IsOwn ? write.Id with { Name = Begin.Pseudonym } : write.Id,
                Content = write.Content is { } content ? Apply(entry, content.Span) : default(ReadOnlyMemory<byte>?),
            };
        }
        return batch with { Writes = writes };
    }

    /// <summary>The content of a definition as it is to be read.</summary>
    public byte[] Apply(NamingEntry entry, ReadOnlySpan<byte> content) =>
        entry.IsOwn ? DefinitionContent.RedactOwn(content, Begin.Pseudonym) : DefinitionContent.RedactParent(content, Begin.Pseudonym);
}
