# Times of work orders, stops of work centers, maintenance requests.


def loss_of(category, name):
    losses = env['mrp.workcenter.productivity.loss']
    domain = [('loss_type', '=', category)]
    if name:
        found = losses.search(domain + [('name', '=', name)], limit=1)
        if not found:
            refuse('loss-unknown', 'No loss reason of the category %s is called %s.' % (category, name))
        return found
    found = losses.search(domain, limit=1, order='sequence, id')
    if not found:
        refuse('loss-unknown', 'Odoo has no loss reason of the category %s.' % category)
    return found


def plan_log_work_time(plan):
    value = plan['value']
    order = any_order(value['order'])
    center = work_center_of(value['workCenter'])
    steps = order.workorder_ids.filtered_domain([('workcenter_id', '=', center.id), ('state', '!=', 'cancel')])
    if value.get('operation'):
        steps = steps.filtered_domain([('name', '=', value['operation'])])
    if len(steps) != 1:
        refuse('operation-unknown', '%s operation of %s runs on %s%s.' % (
            steps and 'More than one' or 'No', order.name, center.name,
            value.get('operation') and ' under the name %s' % value['operation'] or ''))
    if value['end'] < value['start']:
        refuse('value-invalid', 'The work ended (%s) before it began (%s).' % (value['end'], value['start']))
    setup = value.get('kind') == 'setup'
    plan['step'] = steps
    plan['vals'] = {
        'workorder_id': steps.id, 'workcenter_id': center.id, 'date_start': value['start'], 'date_end': value['end'],
        'loss_id': setup_loss().id if setup else loss_of('productive', False).id,
        'description': value.get('note') or '', 'company_id': company.id, 'user_id': env.uid,
    }


def setup_loss():
    losses = env['mrp.workcenter.productivity.loss']
    return losses.search([('name', 'ilike', 'setup'), ('loss_type', '=', 'availability')], limit=1) or loss_of('availability', False)


def apply_log_work_time(plans):
    times = env['mrp.workcenter.productivity'].create([plan['vals'] for plan in plans])
    for plan, time_row in zip(plans, times):
        if plan['value'].get('finish') and plan['step'].state not in ('done', 'cancel'):
            plan['step'].button_finish()
        settle(plan, time_row, 'work time %s' % time_row.id, {
            'workOrder': plan['step'].name, 'minutes': plan['step'].duration})


def plan_log_downtime(plan):
    value = plan['value']
    center = work_center_of(value['workCenter'])
    if value.get('end') and value['end'] < value['start']:
        refuse('value-invalid', 'The stop ended (%s) before it began (%s).' % (value['end'], value['start']))
    plan['lock'] = ('stop', center.id, value['start'])
    plan['open'] = env['mrp.workcenter.productivity'].search([
        ('workcenter_id', '=', center.id), ('date_start', '=', value['start']), ('date_end', '=', False),
        ('workorder_id', '=', False)], limit=1)
    plan['vals'] = {
        'workcenter_id': center.id, 'loss_id': loss_of(value['category'], value.get('reason')).id,
        'date_start': value['start'], 'description': value.get('note') or '', 'company_id': company.id, 'user_id': env.uid,
    }
    if value.get('end'):
        plan['vals']['date_end'] = value['end']


def apply_log_downtime(plans):
    fresh = []
    for plan in plans:
        if plan['open']:
            plan['open'].write(plan['vals'])
        else:
            fresh.append(plan)
    stops = env['mrp.workcenter.productivity'].create([plan['vals'] for plan in fresh])
    for plan, stop in zip(fresh, stops):
        plan['open'] = stop
    for plan in plans:
        settle(plan, plan['open'], 'stop %s' % plan['open'].id, {'open': not plan['open'].date_end})


PRIORITIES = {'low': '0', 'normal': '1', 'high': '2', 'urgent': '3'}


def plan_request_maintenance(plan):
    need_model('maintenance.request', 'maintenance')
    value = plan['value']
    vals = {
        'name': value['title'], 'maintenance_type': value.get('kind') or 'corrective',
        'priority': PRIORITIES[value.get('priority') or 'normal'], 'company_id': company.id,
    }
    if value.get('equipment'):
        vals['equipment_id'] = equipment_of(value['equipment']).id
    if value.get('scheduledFor'):
        vals['schedule_date'] = value['scheduledFor']
    if value.get('description'):
        vals['description'] = value['description'].replace('&', '&amp;').replace('<', '&lt;').replace('\n', '<br/>')
    plan['vals'] = vals


def equipment_of(name):
    inside = [('company_id', 'in', [False, company.id])]
    found = env['maintenance.equipment'].search(inside + [('serial_no', '=', name)], limit=2)
    found = found or env['maintenance.equipment'].search(inside + [('name', '=', name)], limit=2)
    if len(found) != 1:
        refuse('equipment-unknown', '%s equipment has the serial number or name %s.' % (found and 'More than one' or 'No', name))
    return found


def apply_request_maintenance(plans):
    requests = env['maintenance.request'].create([plan['vals'] for plan in plans])
    for plan, made in zip(plans, requests):
        settle(plan, made, 'maintenance request %s' % made.id, {'stage': made.stage_id.name or False})
