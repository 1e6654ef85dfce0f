using System.Globalization;
using System.Runtime.CompilerServices;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>Lists, exports and the audit trail, page by page from the store. Safe for concurrent use: it holds nothing.</summary>
internal sealed class DefinitionLister(IDefinitionStore store)
{
    /// <summary>Every stored definition of a kind, in the order of names; what is added or deleted meanwhile may or may not be among them.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async IAsyncEnumerable<StoredDefinition> AllAsync(DefinitionKind kind, [EnumeratorCancellation] CancellationToken cancellation, string owner = "")
    {
        var after = new DefinitionId(kind, owner, "");
        if (kind == DefinitionKind.Namespace && owner.Length > 0)
        {
            if (await store.LoadAsync(after, cancellation).ConfigureAwait(false) is { } only)
            {
                yield return only;
            }
            yield break;
        }
        await foreach (StoredDefinition stored in PagesAsync(after, a => store.ScanAsync(a, owner.Length > 0, Bounds.PageSizeMax, cancellation)).ConfigureAwait(false))
        {
            yield return stored;
        }
    }

    /// <summary>Every stored definition of a kind that came from the configuration file; few of a million, so the others are never read.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public IAsyncEnumerable<StoredDefinition> AllOfFileAsync(DefinitionKind kind, CancellationToken cancellation) =>
        PagesAsync(new DefinitionId(kind, "", ""), after => store.ScanFileAsync(after, Bounds.PageSizeMax, cancellation));

    /// <summary>The definition of this name, or null.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public ValueTask<StoredDefinition?> FindAsync(DefinitionId id, CancellationToken cancellation) => store.LoadAsync(id, cancellation);

    /// <summary>What an export says: namespaces, then plans, then keys, each in the order of their names.</summary>
    /// <param name="owner">Of one namespace; empty: of all.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async IAsyncEnumerable<Definition> ExportAsync(string owner, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (DefinitionKind kind in (DefinitionKind[])[DefinitionKind.Namespace, DefinitionKind.Plan, DefinitionKind.Key])
        {
            await foreach (StoredDefinition stored in AllAsync(kind, cancellation, owner).ConfigureAwait(false))
            {
                yield return DefinitionContent.Show(stored);
            }
        }
    }

    /// <summary>A page of namespaces, or of the plans or keys of one.</summary>
    /// <param name="kind">What is listed.</param>
    /// <param name="owner">The namespace; empty for namespaces.</param>
    /// <param name="pageSize">1 to 1,000; 0: 100.</param>
    /// <param name="token">Where the last page ended, or empty.</param>
    /// <param name="filter">Conditions on keys, or null.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<DefinitionPage<Definition>> ListAsync(DefinitionKind kind, string owner, int pageSize, string token, KeyFilter? filter, CancellationToken cancellation)
    {
        if (!PageToken.TrySize(pageSize, out int size))
        {
            return DefinitionPage<Definition>.Failed(DefinitionErrorCode.Invalid, "page_size", $"{pageSize} is out of bounds: must be from 1 to {Bounds.PageSizeMax}");
        }
        if (!PageToken.TryRead(token, out string position))
        {
            return DefinitionPage<Definition>.Failed(DefinitionErrorCode.Invalid, "page_token", "is not the next_page_token of a page");
        }
        try
        {
            if (kind != DefinitionKind.Namespace && await store.LoadAsync(DefinitionId.OfNamespace(owner), cancellation).ConfigureAwait(false) is null)
            {
                return DefinitionPage<Definition>.Failed(DefinitionErrorCode.NotFound, "namespace", $"there is no {DefinitionId.OfNamespace(owner)}");
            }
            return await PageAsync(kind, owner, size, position, new KeyMatcher(filter), cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return DefinitionPage<Definition>.Failed(DefinitionErrorCode.Unavailable, "", e.Message);
        }
    }

    /// <summary>A page of the audit trail, oldest first.</summary>
    public async ValueTask<DefinitionPage<AuditEntry>> ListAuditAsync(ListAuditRequest request, CancellationToken cancellation)
    {
        if (!PageToken.TrySize(request.PageSize, out int size))
        {
            return DefinitionPage<AuditEntry>.Failed(DefinitionErrorCode.Invalid, "page_size", $"{request.PageSize} is out of bounds: must be from 1 to {Bounds.PageSizeMax}");
        }
        if (!PageToken.TryRead(request.PageToken, out string position) || !long.TryParse(position.Length == 0 ? "0" : position, NumberStyles.None, CultureInfo.InvariantCulture, out long after))
        {
            return DefinitionPage<AuditEntry>.Failed(DefinitionErrorCode.Invalid, "page_token", "is not the next_page_token of a page");
        }
        try
        {
            IReadOnlyList<StoredAudit> found = await store.ScanAuditAsync(after, new AuditFilter(request.Namespace, request.Key, request.FromUnixMs), size, cancellation).ConfigureAwait(false);
            string next = found.Count == 0 ? "" : PageToken.Of(found[^1].Sequence.ToString(CultureInfo.InvariantCulture));
            return new DefinitionPage<AuditEntry>([.. found.Select(Show)], found.Count < size && Bytes(found) < Bounds.PageBytesMax ? "" : next, null);
        }
        catch (StoreException e)
        {
            return DefinitionPage<AuditEntry>.Failed(DefinitionErrorCode.Unavailable, "", e.Message);
        }
    }

    /// <summary>Reads each page while the one before is looked at: half of a start with a million keys is reading.</summary>
    private static async IAsyncEnumerable<StoredDefinition> PagesAsync(DefinitionId after, Func<DefinitionId, ValueTask<IReadOnlyList<StoredDefinition>>> scan)
    {
        IReadOnlyList<StoredDefinition> page = await scan(after).ConfigureAwait(false);
        while (page.Count > 0)
        {
            DefinitionId last = page[^1].Id;
            Task<IReadOnlyList<StoredDefinition>> next = Task.Run(() => scan(last).AsTask());
            try
            {
                foreach (StoredDefinition stored in page)
                {
                    yield return stored;
                }
            }
            finally
            {
                // Also if nobody wants the rest: nothing reads the store any more when this ends.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            page = await next.ConfigureAwait(false);
        }
    }

    private async ValueTask<DefinitionPage<Definition>> PageAsync(DefinitionKind kind, string owner, int size, string position, KeyMatcher matcher, CancellationToken cancellation)
    {
        var items = new List<Definition>();
        long bytes = 0;
        int examined = 0;
        if (position.Length == 0 && matcher.Prefix.Length > 0)
        {
            // Names with the prefix follow the prefix itself, in one row.
            position = matcher.Prefix;
            if (await store.LoadAsync(DefinitionId.OfKey(owner, position), cancellation).ConfigureAwait(false) is { } exact)
            {
                Take(exact);
            }
        }
        while (true)
        {
            DefinitionId after = kind == DefinitionKind.Namespace ? DefinitionId.OfNamespace(position) : new DefinitionId(kind, owner, position);
            // Unfiltered, one more than fits says whether there is another page.
            int rows = matcher.IsEmpty ? size - items.Count + 1 : Bounds.PageSizeMax;
            IReadOnlyList<StoredDefinition> found = await store.ScanAsync(after, kind != DefinitionKind.Namespace, rows, cancellation).ConfigureAwait(false);
            if (found.Count == 0)
            {
                return new DefinitionPage<Definition>(items, "", null);
            }
            foreach (StoredDefinition stored in found)
            {
                string name = kind == DefinitionKind.Namespace ? stored.Id.Namespace : stored.Id.Name;
                if (!name.StartsWith(matcher.Prefix, StringComparison.Ordinal))
                {
                    return new DefinitionPage<Definition>(items, "", null);
                }
                if (items.Count == size || bytes > Bounds.PageBytesMax || examined == Bounds.PageExaminedMax)
                {
                    return new DefinitionPage<Definition>(items, PageToken.Of(position), null);
                }
                examined++;
                position = name;
                Take(stored);
            }
        }

        void Take(in StoredDefinition stored)
        {
            Definition shown = DefinitionContent.Show(stored);
            if (matcher.IsEmpty || matcher.Matches(shown.Key))
            {
                items.Add(shown);
                bytes += stored.Content.Length;
            }
        }
    }

    private static long Bytes(IReadOnlyList<StoredAudit> entries) => entries.Sum(e => (long)(e.Before?.Length ?? 0) + (e.After?.Length ?? 0));

    private static AuditEntry Show(StoredAudit entry) => new()
    {
        Sequence = entry.Sequence,
        AtUnixMs = entry.AtMs,
        Actor = entry.Actor,
        Action = entry.Action,
        Before = DefinitionContent.Show(entry.Id.Kind, entry.Before),
        After = DefinitionContent.Show(entry.Id.Kind, entry.After),
    };
}
