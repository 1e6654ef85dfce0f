using Quota.Contracts.V1;

namespace Quota.Silo.Import;

/// <summary>What an import made of its files.</summary>
/// <param name="Definitions">Namespaces, then plans, then keys; a key's parents before it. What has an error is left out.</param>
/// <param name="Remarks">What differs in meaning and what is wrong, by file and line.</param>
/// <param name="Errors">How many of the remarks are errors.</param>
internal sealed record ImportResult(IReadOnlyList<Definition> Definitions, IReadOnlyList<ImportRemark> Remarks, int Errors);
