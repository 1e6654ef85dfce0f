using Quota.Silo.Catalog;
using Quota.Silo.Events;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>A threshold event whose record is new.</summary>
internal sealed record RaisedEvent(NamespaceModel Owner, byte[] RecordId, ThresholdEvent Content);
