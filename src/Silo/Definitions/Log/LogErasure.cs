using Quota.Contracts;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>
/// Has the change log forget the name of an erased key: the records that name it name the pseudonym from now on, and have lost its
/// labels and note. 1. What defined the key, or named it as a parent; 2. the beginning of the erasure, which from then on says which
/// records those were, so that a replica that was away meanwhile can forget the name without being told it.
/// <para>
/// Safety: each batch is rewritten by a conditional save of all of its records, and rewriting one again changes nothing, so a stop
/// in between is completed by a repeat, and silos that do the same at the same time do not disturb each other.
/// </para>
/// </summary>
internal sealed class LogErasure(ChangeLog log, DefinitionId key, string pseudonym, IReadOnlyList<long> records)
{
    private readonly List<long> _definitions = [];
    private readonly List<long> _beginnings = [];

    /// <exception cref="StoreException">The log cannot be read or written; a repeat completes it.</exception>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        foreach (long record in records)
        {
            LoggedBatch batch = await log.ReadOneAsync(record, cancellation).ConfigureAwait(false);
            (batch.Batch.Begin is null ? _definitions : _beginnings).Add(record);
        }
        foreach (long record in _definitions.Concat(_beginnings))
        {
            int attempts = 0;
            while (!await log.TryRewriteAsync(record, Redact, cancellation).ConfigureAwait(false))
            {
                if (++attempts == Bounds.ChangeAttemptsMax)
                {
                    throw new StoreException("other silos rewrite the change log all the time");
                }
            }
        }
    }

    private ChangeBatch Redact(ChangeBatch batch) => batch.Begin is { } begin
        ? batch with { Begin = begin with { Key = begin.Key with { Name = pseudonym }, Rewritten = _definitions } }
        : batch with { Writes = [.. batch.Writes.Select(Redact)] };

    private DefinitionWrite Redact(DefinitionWrite write)
    {
        if (write.Id.Kind != DefinitionKind.Key || write.Id.Namespace != key.Namespace)
        {
            return write;
        }
        return write with
        {
            Id = write.Id == key ? write.Id with { Name = pseudonym } : write.Id,
            Content = write.Content is { } content ? DefinitionContent.Redact(content.Span, key.Name, pseudonym) : write.Content,
        };
    }
}
