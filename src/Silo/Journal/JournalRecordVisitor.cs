namespace Quota.Silo.Journal;

/// <summary>Is handed every record that is replayed, in the order of their appends. The bytes are only valid during the call.</summary>
/// <param name="record">As it was appended.</param>
/// <param name="lsn">Names the record for ever: unique, and larger than those of all records before.</param>
public delegate void JournalRecordVisitor(ReadOnlySpan<byte> record, long lsn);
